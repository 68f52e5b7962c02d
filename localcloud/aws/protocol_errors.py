"""Errors as AWS sends them in each protocol: a refused call, a call that is not implemented, a call that failed.

Sources: IAM user guide, "Troubleshoot access denied error messages"; EC2 API reference, "Error codes"
(UnauthorizedOperation); the common errors of the query and JSON services (AccessDenied, AccessDeniedException).
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from localcloud.aws import operations
from localcloud.aws.routing import Request, Response, json_error, xml_error, xml_response


def denial(request: Request, protocol: str, sentence: str) -> Response:
    """The answer to a request that was refused; `protocol` is botocore's name, or s3, whose errors are bare."""
    if protocol == "ec2":
        message = f"You are not authorized to perform this operation. {sentence}"
        return _error(request, protocol, "UnauthorizedOperation", message, 403)
    if protocol in {"s3", "query", "rest-xml"}:
        return _error(request, protocol, "AccessDenied", sentence, 403)
    return _error(request, protocol, "AccessDeniedException", sentence, 403 if protocol == "rest-json" else 400)


def refused(request: Request, code: str, message: str) -> Response:
    """The answer to a request of nobody that the embedded AWS knows."""
    protocol, _ = _named(request)
    return _error(request, protocol, code, message, 403)


def not_implemented(request: Request) -> Response:
    """The answer to a call that the embedded AWS does not know: 400, which no client repeats, and the call's name."""
    protocol, name = _named(request)
    message = f"the embedded AWS does not implement {name}; AWS does. See docs/embedded-aws-coverage.md"
    return _error(request, protocol, "NotImplemented", message, 400)


def failed(request: Request, error: Exception) -> Response:
    """The answer to a call that the embedded AWS knows and that made it fail."""
    protocol, name = _named(request)
    message = f"{name} failed in the embedded AWS: {type(error).__name__}: {error}. `gw local status` names the log"
    return _error(request, protocol, "InternalFailure", message, 500)


def likely_protocol(request: Request) -> str:
    """How to answer a request that no service model has."""
    if request.service == "s3":
        return "s3"
    return "query" if b"Action=" in request.body[:4096] else "json"


def _named(request: Request) -> tuple[str, str]:
    """The protocol of a request, and its operation; method and path where no service model has it."""
    if operation := operations.name_and_protocol(request):
        name, protocol = operation
        return protocol, f"{request.service}:{name}"
    return likely_protocol(request), f"{request.service or 'unsigned'} {request.method} {request.path}"


def _error(request: Request, protocol: str, code: str, message: str, status: int) -> Response:
    if protocol == "ec2":
        error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        return xml_response(
            f'<?xml version="1.0" encoding="UTF-8"?><Response><Errors>{error}</Errors>'
            "<RequestID>local</RequestID></Response>",
            status,
        )
    if protocol == "s3":
        # The answer to HEAD has no body, so that clients see the status alone.
        refusal = xml_error(code, message, status)
        return Response(status, b"", refusal.headers) if request.method == "HEAD" else refusal
    if protocol in {"query", "rest-xml"}:
        return xml_error(code, message, status, wrapped=True)
    return json_error(code, message, status)
