"""Route 53: private hosted zones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from groundwork.local.aws.patching import wrap


def install() -> None:
    """A zone with a VPC is private, as in AWS; moto wants a flag that neither Terraform nor the CLI has to send."""
    from moto.route53.responses import Route53

    wrap(Route53, "_get_bool_param", _private_with_vpc)


def _private_with_vpc(original: Callable[..., Any]) -> Callable[..., Any]:
    def _get_bool_param(self: Any, param_name: str, if_none: Any = None) -> Any:
        if param_name == "HostedZoneConfig.PrivateZone" and self._get_param("VPC.VPCId"):
            return True
        return original(self, param_name, if_none)

    return _get_bool_param
