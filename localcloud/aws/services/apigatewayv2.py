"""API Gateway HTTP APIs: custom domains become available, and Terraform reads what it wrote."""

from __future__ import annotations

import uuid
from typing import Any

from localcloud.aws.patching import Method, wrap

# Hosted zone of regional API Gateway domains in eu-west-2. Source: AWS general reference, API Gateway endpoints.
_HOSTED_ZONE = "ZJ5UAJN8Y3Z2Q"


def install() -> None:
    """Add what moto's domain names lack."""
    from moto.apigatewayv2.models import DomainName

    wrap(DomainName, "__init__", _init)
    wrap(DomainName, "to_json", _to_json)


def _init(original: Method, self: Any, *arguments: Any, **keywords: Any) -> None:
    """Without status, target domain and hosted zone the provider waits for ever."""
    original(self, *arguments, **keywords)
    region = self.domain_name_arn.split(":")[3]
    for configuration in self.domain_name_configurations:
        target = f"d-{uuid.uuid4().hex[:10]}.execute-api.{region}.amazonaws.com"
        configuration.setdefault("domainNameStatus", "AVAILABLE")
        configuration.setdefault("apiGatewayDomainName", target)
        configuration.setdefault("hostedZoneId", _HOSTED_ZONE)
        configuration.setdefault("ipAddressType", "ipv4")


def _to_json(original: Method, self: Any) -> Any:
    """An empty mutualTlsAuthentication would show as a difference."""
    answer = original(self)
    if not answer.get("mutualTlsAuthentication"):
        answer.pop("mutualTlsAuthentication", None)
    return answer
