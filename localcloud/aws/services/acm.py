"""ACM: the key algorithm that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.aws.patching import wrap


def install() -> None:
    """moto always makes an RSA key; Terraform would replace a certificate that asked for another algorithm."""
    from moto.acm.models import CertBundle
    from moto.acm.responses import AWSCertificateManagerResponse

    wrap(AWSCertificateManagerResponse, "request_certificate", _remember_algorithm)
    wrap(CertBundle, "describe", _describe)


def _remember_algorithm(original: Callable[..., Any]) -> Callable[..., Any]:
    def request_certificate(self: Any) -> Any:
        known = set(self.acm_backend._certificates)
        answer = original(self)
        for arn in set(self.acm_backend._certificates) - known:
            self.acm_backend._certificates[arn].requested_algorithm = self._get_param("KeyAlgorithm")
        return answer

    return request_certificate


def _describe(original: Callable[..., Any]) -> Callable[..., Any]:
    def describe(self: Any) -> dict[str, Any]:
        answer: dict[str, Any] = original(self)
        requested = getattr(self, "requested_algorithm", None)
        if requested:
            answer["Certificate"]["KeyAlgorithm"] = requested
        return answer

    return describe
