"""CloudFront: a distribution reads back what was written, and nothing that was not.

What Terraform reads is in the provider's internal/service/cloudfront/distribution.go.
"""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import Method, wrap


def install() -> None:
    """Keep what moto drops, and drop what it invents."""
    from moto.cloudfront.models import DefaultCacheBehaviour, Origin, ViewerCertificate

    wrap(DefaultCacheBehaviour, "__init__", _init_behaviour)
    wrap(Origin, "__init__", _init_origin)
    wrap(ViewerCertificate, "__init__", _init_certificate)


def _init_behaviour(original: Method, self: Any, config: dict[str, Any]) -> None:
    """A behaviour with a cache policy has no forwarded values, which that policy replaces."""
    original(self, config)
    if "ForwardedValues" not in config:
        self.forwarded_values = None
    self.function_associations = config.get("FunctionAssociations") or {"Quantity": 0}
    self.lambda_function_associations = config.get("LambdaFunctionAssociations") or {"Quantity": 0}


def _init_origin(original: Method, self: Any, origin: dict[str, Any]) -> None:
    original(self, origin)
    self.origin_access_control_id = origin.get("OriginAccessControlId") or ""


def _init_certificate(original: Method, self: Any, config: dict[str, Any]) -> None:
    """Without a certificate of its own a distribution has no ids of certificates, not even empty ones."""
    original(self, config)
    self.iam_certificate_id = self.iam_certificate_id or None
    self.acm_certificate_arn = self.acm_certificate_arn or None
