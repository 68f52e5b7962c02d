"""Which addresses and zones each tier of a VPC gets: arithmetic only, so that nothing moves by itself."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Literal

from stacks.blocks.errors import IllegalComposition

Tier = Literal["public", "private", "database", "intra"]

MAXIMUM_ZONES = 3

# Zones are not always a, b, c (EC2 user guide, "Regions and Zones"). Where accounts differ among themselves there is no
# answer that is right for everybody.
_ZONE_LETTERS = {"ap-northeast-1": "acd", "ca-central-1": "abd"}
_PER_ACCOUNT = frozenset({"us-west-1"})


def zone_names(region: str, count: int, names: Sequence[str] = ()) -> list[str]:
    """Names of `count` zones of a region: the given ones, or the region's first. Raises IllegalComposition."""
    if names:
        foreign = [name for name in names if name[:-1] != region]
        if foreign:
            raise IllegalComposition(
                "network.zone_names", f"{', '.join(foreign)} does not lie in {region}", f"name zones of {region}"
            )
        return list(names)
    if region in _PER_ACCOUNT:
        raise IllegalComposition(
            "network.zone_names",
            f"accounts see different zones in {region}",
            "list those that `aws ec2 describe-availability-zones` names, and set network.zones to their number",
        )
    return [region + letter for letter in _ZONE_LETTERS.get(region, "abc")[:count]]


def subnet_plan(cidr: str, zones: int) -> dict[Tier, list[str]]:
    """Tier → one CIDR range per zone.

    Three quarters of the range are private subnets, one quarter per zone, because each pod takes an address. The last
    quarter is cut into sixteen: four for public, four for database, four for intra subnets, four spare. Every zone has
    its place whether or not it is used, so that going from two zones to three moves nothing.
    """
    if not 1 <= zones <= MAXIMUM_ZONES:
        raise IllegalComposition(
            "network.zones", f"the address plan has room for 1 to {MAXIMUM_ZONES} zones, not {zones}", "use 2 or 3"
        )
    quarters = list(ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=2))
    small = [str(subnet) for subnet in quarters[3].subnets(prefixlen_diff=4)]
    return {
        "private": [str(subnet) for subnet in quarters[:zones]],
        "public": small[0:zones],
        "database": small[4 : 4 + zones],
        "intra": small[8 : 8 + zones],
    }
