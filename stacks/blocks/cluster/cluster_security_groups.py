"""Who may talk to whom in a cluster: control plane, nodes, runners in the VPC, and nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from constructs import Construct

_SERVING = (4443, 10251)


class _OtherEnd(TypedDict, total=False):
    """A security group or a range of addresses, and the TCP ports (first, last); all traffic without ports."""

    peer: str
    cidr: str
    ports: tuple[int, int]


class ClusterSecurityGroups(Construct):
    """One group for the control plane's interfaces and one for nodes (and pods, which share their node's interfaces).

    From the EKS user guide, "Security group requirements": nodes reach the API server on 443; the API server reaches
    kubelets on 10250. Webhooks and aggregated APIs listen on ports of their own: 443, or between 4443 (metrics-server)
    and 10251; one that listens elsewhere has to be given a port in that range.
    """

    def __init__(self, scope: Construct, id_: str, *, vpc_id: str, vpc_cidr: str, cluster_name: str) -> None:
        super().__init__(scope, id_)

        def group(id_: str, name: str, description: str, tags: Mapping[str, str]) -> SecurityGroup:
            return SecurityGroup(
                self, id_, vpc_id=vpc_id, name=name, description=description, tags={"Name": name, **tags}
            )

        self.control_plane = group(
            "control_plane", f"{cluster_name}-control-plane", "Interfaces of the EKS control plane", {}
        )
        self.nodes = group(
            "nodes",
            f"{cluster_name}-nodes",
            "Nodes of the cluster and the pods on them",
            {"karpenter.sh/discovery": cluster_name},
        )
        control_plane, nodes = self.control_plane.id, self.nodes.id
        self._in("api_from_nodes", control_plane, "Nodes to the API server", peer=nodes, ports=(443, 443))
        self._in("api_from_vpc", control_plane, "Runners and people in the VPC", cidr=vpc_cidr, ports=(443, 443))
        self._out("webhooks_https", control_plane, "Webhooks on HTTPS", peer=nodes, ports=(443, 443))
        self._out("to_nodes", control_plane, "Kubelets, webhooks, aggregated APIs", peer=nodes, ports=_SERVING)
        self._in("https_from_api", nodes, "API server to webhooks on HTTPS", peer=control_plane, ports=(443, 443))
        self._in("from_api", nodes, "API server to kubelets and webhooks", peer=control_plane, ports=_SERVING)
        self._in("from_nodes", nodes, "Pods on other nodes", peer=nodes)
        self._out("to_other_nodes", nodes, "Pods on other nodes", peer=nodes)
        self._out("https", nodes, "AWS APIs, registries, the API server", cidr="0.0.0.0/0", ports=(443, 443))
        # Databases and services beside the cluster; their own groups decide who gets in.
        self._out("to_vpc", nodes, "Databases and services in the VPC", cidr=vpc_cidr, ports=(1024, 65535))

    def join_fargate(self, cluster_security_group: str) -> None:
        """Let pods on Fargate, which carry the group that EKS makes by itself, and pods on nodes talk to each other."""
        self._in("from_fargate", self.nodes.id, "Pods on Fargate", peer=cluster_security_group)
        self._out("to_fargate", self.nodes.id, "Pods on Fargate", peer=cluster_security_group)
        self._in("fargate_from_nodes", cluster_security_group, "Pods on nodes", peer=self.nodes.id)

    def _in(self, id_: str, group: str, why: str, **end: Unpack[_OtherEnd]) -> None:
        VpcSecurityGroupIngressRule(self, id_, security_group_id=group, description=why, **_allowed(**end))

    def _out(self, id_: str, group: str, why: str, **end: Unpack[_OtherEnd]) -> None:
        VpcSecurityGroupEgressRule(self, id_, security_group_id=group, description=why, **_allowed(**end))


def _allowed(**end: Unpack[_OtherEnd]) -> Any:
    """The other end as both kinds of rule name it."""
    ports = end.get("ports")
    return {
        "referenced_security_group_id": end.get("peer"),
        "cidr_ipv4": end.get("cidr"),
        "ip_protocol": "tcp" if ports else "-1",
        "from_port": ports[0] if ports else None,
        "to_port": ports[1] if ports else None,
    }
