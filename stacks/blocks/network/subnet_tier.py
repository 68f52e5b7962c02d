"""One tier of a VPC: a subnet per zone, and the route tables that decide where its traffic may go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf_cdktf_provider_aws.route_table import RouteTable
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.subnet import Subnet
from constructs import Construct

from stacks.blocks.errors import IllegalComposition


class SubnetTier(Construct):
    """Subnets of one tier, `zones[i]` holding `cidrs[i]`; none gives public addresses by itself.

    `route_table_per_zone` lets each zone have a way out of its own; otherwise the tier shares one table. Ids carry the
    zone's letter, so that a third zone never renames the first two.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc_id: str,
        name: str,
        zones: Sequence[str],
        cidrs: Sequence[str],
        route_table_per_zone: bool = False,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, id_)
        if len(zones) != len(cidrs):
            raise IllegalComposition("cidrs", f"{len(cidrs)} ranges for {len(zones)} zones", "pass one range per zone")
        self.zones = list(zones)
        self.subnets: list[Subnet] = []
        self.ids: list[str] = []
        self.route_tables: list[RouteTable] = []
        for zone, cidr in zip(zones, cidrs, strict=True):
            letter = zone[-1]
            subnet = Subnet(
                self,
                f"subnet_{letter}",
                vpc_id=vpc_id,
                availability_zone=zone,
                cidr_block=cidr,
                map_public_ip_on_launch=False,
                tags={**(tags or {}), "Name": f"{name}-{letter}"},
            )
            if route_table_per_zone or not self.route_tables:
                self.route_tables.append(
                    RouteTable(
                        self,
                        f"routes_{letter}" if route_table_per_zone else "routes",
                        vpc_id=vpc_id,
                        tags={"Name": f"{name}-{letter}" if route_table_per_zone else name},
                    )
                )
            self.ids.append(subnet.id)
            RouteTableAssociation(
                self, f"association_{letter}", subnet_id=self.ids[-1], route_table_id=self.route_tables[-1].id
            )
            self.subnets.append(subnet)
