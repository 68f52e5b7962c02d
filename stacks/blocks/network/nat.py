"""The ways out of a VPC: an internet gateway for the public tier, NAT gateways for the private one."""

from __future__ import annotations

from typing import Literal

from cdktf_cdktf_provider_aws.eip import Eip
from cdktf_cdktf_provider_aws.internet_gateway import InternetGateway
from cdktf_cdktf_provider_aws.nat_gateway import NatGateway
from cdktf_cdktf_provider_aws.route import Route
from constructs import Construct

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.network.subnet_tier import SubnetTier

_ANYWHERE = "0.0.0.0/0"


class InternetAccess(Construct):
    """Routes the public tier through an internet gateway."""

    def __init__(self, scope: Construct, id_: str, *, vpc_id: str, name: str, public: SubnetTier) -> None:
        super().__init__(scope, id_)
        self.gateway = InternetGateway(self, "gateway", vpc_id=vpc_id, tags={"Name": name})
        for number, table in enumerate(public.route_tables):
            Route(
                self,
                "route" if number == 0 else f"route_{number}",
                route_table_id=table.id,
                destination_cidr_block=_ANYWHERE,
                gateway_id=self.gateway.id,
            )


class NatGateways(Construct):
    """NAT gateways in the public tier and a default route from each private route table.

    `single` shares the first zone's gateway, `per_zone` has one in each. The private tier needs a route table per zone,
    so that going from one to the other replaces routes and nothing else. `internet` must exist before a gateway works.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        mode: Literal["single", "per_zone"],
        public: SubnetTier,
        private: SubnetTier,
        internet: InternetAccess,
    ) -> None:
        super().__init__(scope, id_)
        if len(private.route_tables) != len(private.subnets):
            raise IllegalComposition(
                "private", "its zones share a route table", "make the tier with route_table_per_zone=True"
            )
        self.gateways: list[NatGateway] = []
        for zone, subnet in list(zip(public.zones, public.subnets, strict=True))[: 1 if mode == "single" else None]:
            letter = zone[-1]
            address = Eip(self, f"address_{letter}", domain="vpc", tags={"Name": f"{name}-{letter}"})
            self.gateways.append(
                NatGateway(
                    self,
                    f"gateway_{letter}",
                    allocation_id=address.id,
                    subnet_id=subnet.id,
                    tags={"Name": f"{name}-{letter}"},
                    depends_on=[internet.gateway],
                )
            )
        for index, (zone, table) in enumerate(zip(private.zones, private.route_tables, strict=True)):
            Route(
                self,
                f"route_{zone[-1]}",
                route_table_id=table.id,
                destination_cidr_block=_ANYWHERE,
                nat_gateway_id=self.gateways[min(index, len(self.gateways) - 1)].id,
            )
