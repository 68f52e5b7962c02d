"""ACM: a certificate keeps the key algorithm of its request."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import Method, wrap


def install() -> None:
    """moto always makes an RSA key; Terraform would replace a certificate that has another algorithm."""
    from moto.acm.models import CertBundle
    from moto.acm.responses import AWSCertificateManagerResponse

    wrap(AWSCertificateManagerResponse, "request_certificate", _request_certificate)
    wrap(CertBundle, "describe", _describe)


def _request_certificate(original: Method, self: Any) -> Any:
    before = set(self.acm_backend._certificates)
    answer = original(self)
    for arn in set(self.acm_backend._certificates) - before:
        self.acm_backend._certificates[arn].requested_algorithm = self._get_param("KeyAlgorithm")
    return answer


def _describe(original: Method, self: Any) -> Any:
    answer = original(self)
    algorithm = getattr(self, "requested_algorithm", None)
    if algorithm:
        answer["Certificate"]["KeyAlgorithm"] = algorithm
    return answer
