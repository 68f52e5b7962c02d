"""What the cluster's other pods need in Kubernetes: Karpenter, which makes their nodes, and a MongoDB."""

from __future__ import annotations

from constructs import Construct

from stacks.blocks.cluster import cluster_rules
from stacks.blocks.cluster.helm_access import helm_provider
from stacks.blocks.cluster.karpenter_releases import KarpenterReleases
from stacks.blocks.cluster.mongodb_releases import MongodbReleases
from stacks.cluster import ClusterStack
from stacks.platform_stack import PlatformStack
from stacks.values import Environment


class AddonsStack(PlatformStack):
    """Helm releases, in a state apart from the cluster's, as `workloads` is, and from that: pods of services go first
    and the cluster goes last, or nodes would outlive whoever can end them.
    """

    def __init__(self, scope: Construct, environment: Environment, *, cluster: ClusterStack) -> None:
        cluster_rules.check_mongodb(environment)
        super().__init__(scope, environment, "addons")
        self.add_dependency(cluster)
        self.helm = helm_provider(self, names=self.names, control_plane=cluster.control_plane)
        if karpenter := environment.cluster.karpenter:
            # Of no stack: no state knows these instances, and `gw recover` must not miss them in one.
            tags = {**self.default_tags, "stack": "node-pools"}
            self.karpenter = KarpenterReleases(self, "karpenter", names=self.names, values=karpenter, tags=tags)
        if mongodb := environment.data.in_cluster:
            # Members run on the nodes of the pools, and are gone before those.
            pools = [self.karpenter.pools] if karpenter else []
            self.mongodb = MongodbReleases(self, "mongodb", names=self.names, values=mongodb, after=pools)
