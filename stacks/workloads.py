"""Our services on Kubernetes: one Helm release per entry of `workloads`, in a state apart from the cluster's."""

from __future__ import annotations

from constructs import Construct

from stacks.addons import AddonsStack
from stacks.blocks.cluster import cluster_rules
from stacks.blocks.cluster.helm_access import OwnChart, helm_provider
from stacks.blocks.cluster.image_cache import pulled_from
from stacks.blocks.cluster.service_release import CHART, ServiceRelease
from stacks.blocks.cluster.service_secrets import check_own_secrets
from stacks.cluster import ClusterStack
from stacks.data import DataStack
from stacks.platform_stack import PlatformStack
from stacks.values import Environment


class WorkloadsStack(PlatformStack):
    """Helm releases. Never in one state with the cluster: destroying or replacing it would take away the address and
    the credentials with which the releases have to be refreshed and removed.
    """

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        *,
        cluster: ClusterStack,
        addons: AddonsStack | None = None,
        data: DataStack | None = None,
    ) -> None:
        cluster_rules.check_scaling(environment.cluster, environment.workloads)
        super().__init__(scope, environment, "workloads")
        check_own_secrets(environment.workloads, self.names)
        # The laptop's provider reads nothing of the cluster, and yet is deployed after it.
        self.add_dependency(cluster)
        if addons:
            # Nodes for the pods; and destroyed the other way round, no pod is left that would hold a node.
            self.add_dependency(addons)
        if data and environment.parameter_readers:
            # EKS gives an identity to the pods that start after it exists.
            self.add_dependency(data)
        self.helm = helm_provider(self, names=self.names, control_plane=cluster.control_plane)
        chart = OwnChart(self, "chart", folder=CHART) if environment.workloads else None
        self.releases = {
            name: ServiceRelease(
                self,
                name,
                name=name,
                values=values,
                repository=pulled_from(values.image, self.names),
                chart=chart,
            )
            for name, values in environment.workloads.items()
            if chart
        }
