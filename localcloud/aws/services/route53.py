"""Route 53: private hosted zones, and name servers that go with their zone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.aws.patching import wrap


def install() -> None:
    """A zone with a VPC is private, as in AWS; moto wants a flag that neither Terraform nor the CLI has to send."""
    from moto.route53.models import Route53Backend
    from moto.route53.responses import Route53

    wrap(Route53, "_get_bool_param", _private_with_vpc)
    wrap(Route53Backend, "create_hosted_zone", _without_own_delegation_set)


def _without_own_delegation_set(original: Callable[..., Any]) -> Callable[..., Any]:
    """The name servers of a zone are not a reusable set of their own, which nobody would ever delete."""

    def create_hosted_zone(self: Any, *args: Any, **keywords: Any) -> Any:
        known = set(self.delegation_sets)
        zone = original(self, *args, **keywords)
        if not keywords.get("delegation_set_id"):
            for identifier in set(self.delegation_sets) - known:
                del self.delegation_sets[identifier]
        return zone

    return create_hosted_zone


def _private_with_vpc(original: Callable[..., Any]) -> Callable[..., Any]:
    def _get_bool_param(self: Any, param_name: str, if_none: Any = None) -> Any:
        if param_name == "HostedZoneConfig.PrivateZone" and self._get_param("VPC.VPCId"):
            return True
        return original(self, param_name, if_none)

    return _get_bool_param
