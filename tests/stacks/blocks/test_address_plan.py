"""Addresses never overlap, never move, and lie in zones that exist."""

import ipaddress
from itertools import combinations

import pytest

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.network.address_plan import subnet_plan, zone_names


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "10.20.0.0/18", "172.16.0.0/20"])
def test_no_two_subnets_overlap_and_all_lie_in_the_vpc(cidr: str) -> None:
    subnets = [ipaddress.IPv4Network(each) for tier in subnet_plan(cidr, 3).values() for each in tier]
    assert len(subnets) == 12
    assert not any(first.overlaps(second) for first, second in combinations(subnets, 2))
    assert all(subnet.subnet_of(ipaddress.IPv4Network(cidr)) for subnet in subnets)


def test_a_third_zone_moves_no_subnet_of_the_first_two() -> None:
    two, three = subnet_plan("10.0.0.0/16", 2), subnet_plan("10.0.0.0/16", 3)
    assert all(three[tier][:2] == ranges for tier, ranges in two.items())


def test_pods_get_a_quarter_of_the_vpc_in_each_zone() -> None:
    assert subnet_plan("10.0.0.0/16", 2)["private"] == ["10.0.0.0/18", "10.0.64.0/18"]


def test_the_smallest_vpc_has_room_for_eks_and_load_balancers() -> None:
    # EKS needs 6 free addresses in a subnet, a load balancer 8; AWS reserves 5.
    smallest = min(ipaddress.IPv4Network(each[0]).num_addresses for each in subnet_plan("10.0.0.0/20", 3).values())
    assert smallest - 5 > 8 + 6


def test_more_zones_than_the_vpc_has_room_for_raise() -> None:
    with pytest.raises(IllegalComposition, match="room for 1 to 3 zones, not 4"):
        subnet_plan("10.0.0.0/16", 4)


def test_zones_are_the_first_of_the_region() -> None:
    assert zone_names("eu-west-2", 2) == ["eu-west-2a", "eu-west-2b"]


def test_regions_whose_zones_are_not_abc_are_known() -> None:
    assert zone_names("ap-northeast-1", 3) == ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"]


def test_a_region_whose_zones_differ_by_account_needs_zone_names() -> None:
    with pytest.raises(IllegalComposition, match="describe-availability-zones"):
        zone_names("us-west-1", 2)
    assert zone_names("us-west-1", 2, ["us-west-1a", "us-west-1c"]) == ["us-west-1a", "us-west-1c"]


def test_a_zone_of_another_region_raises() -> None:
    with pytest.raises(IllegalComposition, match="eu-west-1a does not lie in eu-west-2"):
        zone_names("eu-west-2", 2, ["eu-west-1a", "eu-west-2b"])
