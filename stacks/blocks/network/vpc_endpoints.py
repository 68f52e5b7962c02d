"""Endpoints that reach AWS's services without leaving the VPC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from constructs import Construct

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.network.security_rules import HTTPS, let_in
from stacks.values import AwsScope
from stacks.values.network import NODES_NEED

NODES_NEED_GATEWAYS = frozenset({"s3"})


def check_nodes_reach_aws(nat: str, *, gateways: Iterable[str], interfaces: Iterable[str]) -> None:
    """Raise IllegalComposition where nodes in private subnets could neither join a cluster nor pull an image."""
    if nat != "none":
        return
    for key, needed, values in (
        ("network.interface_endpoints", NODES_NEED, interfaces),
        ("network.gateway_endpoints", NODES_NEED_GATEWAYS, gateways),
    ):
        missing = sorted(needed - set(values))
        if missing:
            raise IllegalComposition(
                key,
                f"with network.nat none, nodes in private subnets cannot reach {', '.join(missing)} and never join",
                f"add {', '.join(missing)} (network.endpoint_preset: private_nodes has all interfaces), "
                "or set network.nat to single or per_zone",
            )


class VpcEndpoints(Construct):
    """Gateway endpoints in the given route tables, interface endpoints in the given subnets.

    All interface endpoints share one security group that lets HTTPS in from `vpc_cidr` and nothing out. `interfaces`
    are service names such as `ecr.api`.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        vpc_id: str,
        vpc_cidr: str,
        name: str,
        gateways: Sequence[str],
        route_table_ids: Sequence[str],
        interfaces: Sequence[str],
        subnet_ids: Sequence[str],
    ) -> None:
        super().__init__(scope, id_)
        self.gateways = {
            service: VpcEndpoint(
                self,
                f"gateway_{service}",
                vpc_id=vpc_id,
                vpc_endpoint_type="Gateway",
                service_name=f"com.amazonaws.{aws.region}.{service}",
                route_table_ids=list(route_table_ids),
                tags={"Name": f"{name}-{service}"},
            )
            for service in gateways
        }
        self.security_group: SecurityGroup | None = None
        self.interfaces: dict[str, VpcEndpoint] = {}
        if not interfaces:
            return
        self.security_group = SecurityGroup(
            self,
            "security_group",
            vpc_id=vpc_id,
            name=f"{name}-endpoints",
            description="Interface endpoints: HTTPS from within the VPC",
            tags={"Name": f"{name}-endpoints"},
        )
        let_in(self, "https", self.security_group.id, "HTTPS from within the VPC", cidr=vpc_cidr, ports=HTTPS)
        for service in interfaces:
            self.interfaces[service] = VpcEndpoint(
                self,
                f"interface_{service.replace('.', '_')}",
                vpc_id=vpc_id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{aws.region}.{service}",
                subnet_ids=list(subnet_ids),
                security_group_ids=[self.security_group.id],
                private_dns_enabled=True,
                tags={"Name": f"{name}-{service}"},
            )
