"""What the cluster's other pods need in Kubernetes: today Karpenter, which makes the nodes that they run on."""

from __future__ import annotations

from constructs import Construct

from stacks.blocks.cluster.helm_access import helm_provider
from stacks.blocks.cluster.karpenter_releases import KarpenterReleases
from stacks.cluster import ClusterStack
from stacks.platform_stack import PlatformStack
from stacks.values import Environment
from stacks.values.karpenter import Karpenter


class AddonsStack(PlatformStack):
    """Helm releases, in a state apart from the cluster's, as `workloads` is, and from that: pods of services go first
    and the cluster goes last, or nodes would outlive whoever can end them.
    """

    def __init__(self, scope: Construct, environment: Environment, *, cluster: ClusterStack, values: Karpenter) -> None:
        super().__init__(scope, environment, "addons")
        self.add_dependency(cluster)
        self.helm = helm_provider(self, names=self.names, control_plane=cluster.control_plane)
        # Of no stack: no state knows these instances, and `gw recover` must not miss them in one.
        tags = {**self.default_tags, "stack": "node-pools"}
        self.karpenter = KarpenterReleases(self, "karpenter", names=self.names, values=values, tags=tags)
