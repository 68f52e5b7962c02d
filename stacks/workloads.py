"""Our services on Kubernetes: one Helm release per entry of `workloads`, in a state apart from the cluster's."""

from __future__ import annotations

from cdktf import Fn
from cdktf_cdktf_provider_helm.provider import HelmProvider, HelmProviderKubernetes, HelmProviderKubernetesExec
from constructs import Construct

from stacks.blocks.cluster import cluster_rules
from stacks.blocks.cluster.image_cache import pulled_from
from stacks.blocks.cluster.service_release import ServiceChart, ServiceRelease
from stacks.cluster import ClusterStack
from stacks.platform_stack import PlatformStack
from stacks.values import Environment

# Beside the laptop's other state; `gw` puts the kubeconfig of the laptop's cluster there. A fixed file, so that a plain
# `terraform apply` on a laptop can never reach the cluster that somebody's own kubeconfig happens to name.
_LAPTOP_KUBECONFIG = "../../../.groundwork/kubernetes/kubeconfig"


class WorkloadsStack(PlatformStack):
    """Helm releases. Never in one state with the cluster: destroying or replacing it would take away the address and
    the credentials with which the releases have to be refreshed and removed.
    """

    def __init__(self, scope: Construct, environment: Environment, *, cluster: ClusterStack) -> None:
        cluster_rules.check_scaling(environment.cluster, environment.workloads)
        super().__init__(scope, environment, "workloads")
        # The laptop's provider reads nothing of the cluster, and yet is deployed after it.
        self.add_dependency(cluster)
        self.helm = HelmProvider(
            self,
            "helm",
            kubernetes=self._kubernetes(cluster),
            # Whoever plans reads what Helm keeps of its releases, and may read no Secret.
            helm_driver=None if self.on_laptop else "configmap",
        )
        chart = ServiceChart(self, "chart") if environment.workloads else None
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

    def _kubernetes(self, cluster: ClusterStack) -> HelmProviderKubernetes:
        if self.on_laptop:
            return HelmProviderKubernetes(config_path=_LAPTOP_KUBECONFIG)
        control_plane = cluster.control_plane
        return HelmProviderKubernetes(
            host=control_plane.endpoint,
            cluster_ca_certificate=Fn.base64decode(control_plane.certificate_authority),
            # A token per call, from the role that runs Terraform: none is written to state or plan, and none expires
            # in the middle of an apply.
            exec=HelmProviderKubernetesExec(
                api_version="client.authentication.k8s.io/v1",
                command="aws",
                args=["eks", "get-token", "--cluster-name", self.names.cluster, "--region", self.environment.region],
            ),
        )
