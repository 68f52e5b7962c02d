"""Which operation of which service a request asks for, and with which parameters, by botocore's service models."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.aws.routing import Request

# Signing names under which several services, or a service of another name, are called.
_MODELS = {
    "access-analyzer": ("accessanalyzer",),
    "apigateway": ("apigateway", "apigatewayv2"),
    "aps": ("amp",),
    "elasticloadbalancing": ("elbv2", "elb"),
    "email": ("sesv2", "ses"),
    "monitoring": ("cloudwatch",),
    "servicequotas": ("service-quotas",),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
}
# Signing names that are not the prefix of the service's IAM actions (service authorization reference).
_PREFIXES = {"email": "ses", "monitoring": "cloudwatch", "tagging": "tag"}


@dataclass(frozen=True)
class Operation:
    """`prefix` is the service's in IAM, `protocol` botocore's name of it; `parameters` are as the model names them."""

    prefix: str
    name: str
    protocol: str
    parameters: Mapping[str, Any]

    def values(self) -> Iterator[tuple[str, str]]:
        """Every text among the parameters, however deep, with the name of the parameter that it belongs to."""
        yield from _values("", self.parameters)


def read(request: Request) -> Operation | None:
    """The operation of a signed request; None where no service model has it.

    S3 and API Gateway are left out: IAM names their actions differently (`s3_calls`, `iam_calls`).
    """
    from moto.core.parse import PROTOCOL_PARSERS

    match = _match(request)
    if match is None:
        return None
    parsed = PROTOCOL_PARSERS[match.protocol](match.model).parse(
        {
            "method": match.sent.method,
            "values": match.sent.values,
            "headers": match.sent.headers,
            "body": request.body,
            "url_path": match.sent.path,
            "url_params": match.path,
        }
    )
    return Operation(_PREFIXES.get(request.service, request.service), match.model.name, match.protocol, parsed)


def name_and_protocol(request: Request) -> tuple[str, str] | None:
    """The operation's name and botocore's name of the protocol, whatever the parameters hold."""
    match = _match(request)
    return (match.model.name, match.protocol) if match else None


@dataclass(frozen=True)
class _Match:
    model: Any
    protocol: str
    path: Mapping[str, Any]
    sent: Any


def _match(request: Request) -> _Match | None:
    from moto.core.request import Request as MotoRequest
    from moto.core.request import determine_request_protocol
    from werkzeug.exceptions import NotFound

    query = f"?{request.raw_query}" if request.raw_query else ""
    headers = {name: value for name, value in request.headers.items() if name != "content-length"}
    sent = MotoRequest.from_primitives(
        request.method,
        f"http://{request.headers.get('host', 'localhost')}{request.raw_path}{query}",
        headers,
        request.body,
    )
    for model in _MODELS.get(request.service, (request.service,)):
        router = _router(model)
        if router is None:
            continue
        try:
            operation, path = _by_target(model, request) or router.match(sent)
        except (NotFound, NotImplementedError):
            continue
        protocol = determine_request_protocol(operation.service_model, sent.content_type)
        return _Match(operation, protocol, path, sent)
    return None


@functools.cache
def _router(model: str) -> Any | None:
    from botocore.exceptions import UnknownServiceError
    from moto.core.routing import get_service_router

    try:
        return get_service_router(model)
    except UnknownServiceError:
        return None


def _by_target(model: str, request: Request) -> tuple[Any, dict[str, Any]] | None:
    """The operation of a JSON request. What precedes its name differs between SDKs (CloudTrail's Java package)."""
    from moto.core.utils import get_service_model

    name = request.headers.get("x-amz-target", "").rpartition(".")[2]
    service = get_service_model(model) if name else None
    return (service.operation_model(name), {}) if service and name in service.operation_names else None


def _values(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _values(str(key), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(name, inner)
