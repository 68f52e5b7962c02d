"""EC2: what was deleted no longer exists."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import Method, wrap


def install() -> None:
    """moto keeps them in the state "deleted", and a NAT gateway's network interface as if it were in use."""
    from moto.ec2.models.managed_prefixes import ManagedPrefixListBackend
    from moto.ec2.models.nat_gateways import NatGatewayBackend
    from moto.ec2.models.vpcs import VPCBackend

    wrap(NatGatewayBackend, "delete_nat_gateway", _delete_nat_gateway)
    wrap(VPCBackend, "delete_vpc_endpoints", _delete_vpc_endpoints)
    wrap(ManagedPrefixListBackend, "delete_managed_prefix_list", _delete_managed_prefix_list)


def _delete_nat_gateway(original: Method, self: Any, nat_gateway_id: str) -> Any:
    gateway = original(self, nat_gateway_id)
    del self.nat_gateways[nat_gateway_id]
    self.enis.pop(gateway._eni.id, None)
    return gateway


def _delete_vpc_endpoints(original: Method, self: Any, vpce_ids: list[str] | None = None) -> None:
    original(self, vpce_ids)
    for identifier in vpce_ids or []:
        self.vpc_end_points.pop(identifier, None)


def _delete_managed_prefix_list(original: Method, self: Any, prefix_list_id: str) -> Any:
    deleted = original(self, prefix_list_id)
    del self.managed_prefix_lists[prefix_list_id]
    return deleted
