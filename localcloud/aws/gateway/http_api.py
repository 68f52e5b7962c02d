"""An HTTP API's answer: route, authorisation, throttling, integration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from localcloud.aws.gateway import access, cors
from localcloud.aws.gateway.call import GatewayCall, GatewayError
from localcloud.aws.gateway.events import to_response, version_1, version_2
from localcloud.aws.gateway.find import match_path, specificity
from localcloud.aws.gateway.functions import answer_of
from localcloud.aws.gateway.throttle import Throttle
from localcloud.aws.routing import Response


def answer(call: GatewayCall, throttle: Throttle) -> Response:
    """The response; raises GatewayError where the gateway itself answers."""
    headers = cors.headers(call)
    if cors.is_preflight(call):
        return Response(204, b"", headers)
    response = _answer(call, throttle)
    if call.to.api.cors_configuration:
        response = cors.without(response)
    return replace(response, headers=(*response.headers, *headers))


def _answer(call: GatewayCall, throttle: Throttle) -> Response:
    call.refuse_large_body(10_485_760, "Request Entity Too Large")
    route, stage = _route(call), call.to.stage
    call.log |= {"routeKey": route.route_key, "resourcePath": route.route_key}
    own_settings = (stage.route_settings or {}).get(route.route_key)
    settings = {**_set_only(stage.default_route_settings), **_set_only(own_settings)}
    throttle.take(
        (call.to.api_id, stage.name, route.route_key),
        rate=settings.get("throttlingRateLimit"),
        burst=settings.get("throttlingBurstLimit"),
    )
    _authorise(call, route)
    integration = call.to.api.integrations.get(str(route.target or "").rpartition("/")[2])
    if integration is None:
        raise call.failed(f"route {route.route_key} has no integration")
    method, _, template = str(route.route_key).partition(" ")
    is_version_1 = integration.payload_format_version == "1.0"
    event = (
        version_1(call, resource=template or "/{proxy+}") | {"version": "1.0"}
        if is_version_1
        else version_2(call, route_key=route.route_key)
    )
    source_method = "*" if method in ("ANY", "$default") else method
    source_path = "$default" if method == "$default" else template.removeprefix("/")
    return answer_of(
        call,
        integration.integration_uri,
        event,
        source=f"{source_method}/{source_path}",
        as_role=bool(integration.credentials_arn),
        seconds=int(integration.timeout_in_millis or 30_000) / 1000,
        to_response=lambda payload: to_response(payload, lenient=not is_version_1),
        broken=500,
        late=GatewayError(503, "Service Unavailable", reason="the integration took longer than its timeout"),
    )


def _route(call: GatewayCall) -> Any:
    """The most specific route; a named method wins over ANY, any route over $default."""
    method, routes = call.request.method, list(call.to.api.routes.values())
    matching = []
    for route in routes:
        route_method, _, template = route.route_key.partition(" ")
        parameters = match_path(template, call.to.path) if template and route_method in (method, "ANY") else None
        if parameters is not None:
            matching.append((specificity(template), route_method == "ANY", route, parameters))
    if matching:
        _, _, route, call.path_parameters = min(matching, key=lambda each: each[:2])
        return route
    default = next((route for route in routes if route.route_key == "$default"), None)
    if default is None:
        raise GatewayError(404, "Not Found", reason=f"no route for {method} {call.to.path}")
    return default


def _authorise(call: GatewayCall, route: Any) -> None:
    kind = route.authorization_type or "NONE"
    if kind == "AWS_IAM":
        access.require_signature(call)
    elif kind in ("JWT", "CUSTOM"):
        authorizer = call.to.api.authorizers.get(route.authorizer_id)
        if authorizer is None:
            raise call.failed(f"authorizer {route.authorizer_id} does not exist")
        if kind == "JWT":
            access.require_token(call, authorizer, route.authorization_scopes)
        else:
            access.require_authorizer(
                call, authorizer, method=call.request.method, path=call.to.path, resource=route.route_key
            )


def _set_only(settings: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (settings or {}).items() if value is not None}
