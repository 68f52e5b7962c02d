"""API Gateway's two payload versions, read for what they have in common: path, caller, request id."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from .errors import MalformedRequest, Misconfigured
from .settings import Flavour


def check_flavour(event: Mapping[str, Any], flavour: Flavour) -> None:
    """Raises Misconfigured when the event is not of the API the function was set up for."""
    context = event.get("requestContext") if isinstance(event, Mapping) else None
    if not isinstance(context, Mapping):
        raise Misconfigured("the event does not come from API Gateway: it has no requestContext")
    seen = "http" if event.get("version") == "2.0" else "rest"
    if seen != flavour:
        raise Misconfigured(f"API_FLAVOUR is {flavour}, but the event is a {seen} API's payload")


def with_plain_path(event: Mapping[str, Any], *, base_path: str) -> dict[str, Any]:
    """The event with the path a route is written for: without the custom domain's base path and without the stage.

    Depending on flavour and domain mapping, API Gateway leaves the base path, the stage or both in the path. They are
    removed where they are its first segments and something remains.
    """
    field = "rawPath" if event.get("version") == "2.0" else "path"
    stage = str(event["requestContext"].get("stage", ""))
    path = str(event[field])
    for prefix in (base_path, stage):
        lead = f"/{prefix}/"
        if prefix and path.startswith(lead):
            path = "/" + path[len(lead) :].lstrip("/")
    path = path.rstrip("/") or "/"
    # Powertools removes the length of a named stage from rawPath unchecked, so the stage is put back for it.
    if field == "rawPath" and stage != "$default":
        path = f"/{stage}{path}"
    return {**event, field: path}


def body_of(event: Mapping[str, Any]) -> str:
    """The body as text; empty for a request without one. Raises MalformedRequest when it is not UTF-8 text."""
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body)
    try:
        return base64.b64decode(body, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise MalformedRequest("The body is not UTF-8 text") from error


def caller_of(event: Mapping[str, Any]) -> str:
    """The caller as the API's authorizer names them; empty for an API without an authorizer.

    Idempotency keys count per caller, so that nobody reads another caller's answer by guessing a key.
    """
    context = event["requestContext"]
    authorizer = context.get("authorizer") or {}
    jwt = authorizer.get("jwt") or {}
    claims = jwt.get("claims") or authorizer.get("claims") or {}
    iam = authorizer.get("iam") or {}
    identity = context.get("identity") or {}
    candidates = (
        claims.get("sub"),
        iam.get("userArn"),
        identity.get("userArn"),
        authorizer.get("principalId"),
        identity.get("apiKeyId"),
    )
    return next((str(value) for value in candidates if value), "")


def request_id_of(event: Mapping[str, Any]) -> str:
    """API Gateway's id of the request, as in its access log; empty for an event without one."""
    context = event.get("requestContext") if isinstance(event, Mapping) else None
    return str(context.get("requestId", "")) if isinstance(context, Mapping) else ""
