"""Cross-origin requests of an HTTP API, which API Gateway answers from the API's own configuration.

Source: API Gateway developer guide, "Configure CORS for HTTP APIs": a preflight needs no route, and headers of an
integration count for nothing where the API has a configuration.
"""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatch
from typing import Any

from localcloud.aws.gateway.call import GatewayCall
from localcloud.aws.routing import Response

_PREFIX = "access-control-"


def is_preflight(call: GatewayCall) -> bool:
    """Whether a browser asks what it may send, to an API that is configured to answer."""
    asks = {"origin", "access-control-request-method"} <= set(call.headers)
    return bool(call.to.api.cors_configuration) and call.request.method == "OPTIONS" and asks


def headers(call: GatewayCall) -> tuple[tuple[str, str], ...]:
    """What the configuration tells the browser; nothing without an origin, or for one that is not allowed."""
    settings: dict[str, Any] = call.to.api.cors_configuration or {}
    origin = call.headers.get("origin", "")
    allowed = [each for each in settings.get("allowOrigins") or () if origin and fnmatch(origin, each)]
    if not allowed:
        return ()
    values = {
        "allow-origin": "*" if "*" in allowed and not settings.get("allowCredentials") else origin,
        "allow-credentials": "true" if settings.get("allowCredentials") else "",
        "expose-headers": ",".join(settings.get("exposeHeaders") or ()),
    }
    if is_preflight(call):
        values |= {
            "allow-methods": ",".join(settings.get("allowMethods") or ()),
            "allow-headers": ",".join(settings.get("allowHeaders") or ()),
            "max-age": str(settings.get("maxAge") or ""),
        }
    return tuple((_PREFIX + name, value) for name, value in values.items() if value)


def without(response: Response) -> Response:
    """The response without the integration's own headers."""
    headers = tuple(each for each in response.headers if not each[0].lower().startswith(_PREFIX))
    return replace(response, headers=headers)
