"""Who may talk to whom in a cluster: control plane, nodes, runners in the VPC, and nobody else."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from constructs import Construct

from stacks.blocks.network.security_rules import ANYWHERE, HTTPS, let_in, let_out

_SERVING = (4443, 10251)


class ClusterSecurityGroups(Construct):
    """One group for the control plane's interfaces and one for nodes (and pods, which share their node's interfaces).

    From the EKS user guide, "Security group requirements": nodes reach the API server on 443; the API server reaches
    kubelets on 10250. Webhooks and aggregated APIs listen on ports of their own: 443, or between 4443 (metrics-server)
    and 10251; one that listens elsewhere has to be given a port in that range.
    """

    def __init__(self, scope: Construct, id_: str, *, vpc_id: str, vpc_cidr: str, cluster_name: str) -> None:
        super().__init__(scope, id_)

        def group(id_: str, suffix: str, description: str, **tags: str) -> SecurityGroup:
            name = f"{cluster_name}-{suffix}"
            return SecurityGroup(
                self, id_, vpc_id=vpc_id, name=name, description=description, tags={"Name": name, **tags}
            )

        discovery = {"karpenter.sh/discovery": cluster_name}
        self.control_plane = group("control_plane", "control-plane", "Interfaces of the EKS control plane")
        self.nodes = group("nodes", "nodes", "Nodes of the cluster and the pods on them", **discovery)
        control_plane, nodes = self.control_plane.id, self.nodes.id
        let_in(self, "api_from_nodes", control_plane, "Nodes to the API server", peer=nodes, ports=HTTPS)
        let_in(self, "api_from_vpc", control_plane, "Runners and people in the VPC", cidr=vpc_cidr, ports=HTTPS)
        let_out(self, "webhooks_https", control_plane, "Webhooks on HTTPS", peer=nodes, ports=HTTPS)
        let_out(self, "to_nodes", control_plane, "Kubelets, webhooks, aggregated APIs", peer=nodes, ports=_SERVING)
        let_in(self, "https_from_api", nodes, "API server to webhooks on HTTPS", peer=control_plane, ports=HTTPS)
        let_in(self, "from_api", nodes, "API server to kubelets and webhooks", peer=control_plane, ports=_SERVING)
        let_in(self, "from_nodes", nodes, "Pods on other nodes", peer=nodes)
        let_out(self, "to_other_nodes", nodes, "Pods on other nodes", peer=nodes)
        let_out(self, "https", nodes, "AWS APIs, registries, the API server", cidr=ANYWHERE, ports=HTTPS)
        # Databases and services beside the cluster; their own groups decide who gets in.
        let_out(self, "to_vpc", nodes, "Databases and services in the VPC", cidr=vpc_cidr, ports=(1024, 65535))

    def join_own_group(self, cluster_security_group: str) -> None:
        """Let pods on managed nodes talk to those with the group that EKS makes by itself (Fargate, Auto Mode)."""
        let_in(self, "from_fargate", self.nodes.id, "Pods on Fargate", peer=cluster_security_group)
        let_out(self, "to_fargate", self.nodes.id, "Pods on Fargate", peer=cluster_security_group)
        let_in(self, "fargate_from_nodes", cluster_security_group, "Pods on nodes", peer=self.nodes.id)
