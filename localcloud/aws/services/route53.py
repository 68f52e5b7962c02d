"""Route 53: private hosted zones, and name servers that go with their zone."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import Method, wrap


def install() -> None:
    """Make zones private, and forget name servers, as AWS does."""
    from moto.route53.models import Route53Backend
    from moto.route53.responses import Route53

    wrap(Route53, "_get_bool_param", _get_bool_param)
    wrap(Route53Backend, "create_hosted_zone", _create_hosted_zone)


def _get_bool_param(original: Method, self: Any, param_name: str, if_none: Any = None) -> Any:
    """A zone with a VPC is private; moto requires a flag that neither Terraform nor the CLI has to send."""
    if param_name == "HostedZoneConfig.PrivateZone" and self._get_param("VPC.VPCId"):
        return True
    return original(self, param_name, if_none)


def _create_hosted_zone(original: Method, self: Any, *args: Any, **keywords: Any) -> Any:
    """moto keeps the name servers of a zone as a reusable set of their own, which nobody would ever delete."""
    before = set(self.delegation_sets)
    zone = original(self, *args, **keywords)
    if not keywords.get("delegation_set_id"):
        for identifier in set(self.delegation_sets) - before:
            del self.delegation_sets[identifier]
    return zone
