"""API Gateway HTTP APIs: custom domains come up, and what Terraform wrote is what it reads.

- DomainName: moto answers no domainNameStatus, target domain or hosted zone, so the provider waits for ever; an empty
  mutualTlsAuthentication would show as a difference.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from moto.apigatewayv2.models import DomainName

# Hosted zone of regional API Gateway domains in eu-west-2. Source: AWS general reference, API Gateway endpoints.
_HOSTED_ZONE = "ZJ5UAJN8Y3Z2Q"


def _with_target(original: Callable[..., None]) -> Callable[..., None]:
    def init(self: Any, *arguments: Any, **keywords: Any) -> None:
        original(self, *arguments, **keywords)
        region = self.domain_name_arn.split(":")[3]
        for configuration in self.domain_name_configurations:
            target = f"d-{uuid.uuid4().hex[:10]}.execute-api.{region}.amazonaws.com"
            for name, value in {
                "domainNameStatus": "AVAILABLE",
                "apiGatewayDomainName": target,
                "hostedZoneId": _HOSTED_ZONE,
                "ipAddressType": "ipv4",
            }.items():
                configuration.setdefault(name, value)

    return init


def _without_empty_mtls(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def to_json(self: Any) -> dict[str, Any]:
        answer = original(self)
        if not answer.get("mutualTlsAuthentication"):
            answer.pop("mutualTlsAuthentication", None)
        return answer

    return to_json


def install() -> None:
    """Apply the patches of the module docstring."""
    if getattr(DomainName, "groundwork_patched", False):
        return
    DomainName.__init__ = _with_target(DomainName.__init__)
    DomainName.to_json = _without_empty_mtls(DomainName.to_json)
    DomainName.groundwork_patched = True


ROUTES = ()
