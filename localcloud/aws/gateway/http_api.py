"""An HTTP API's answer: route, authorisation, throttling, integration."""

from __future__ import annotations

from typing import Any

from localcloud.aws.gateway import access
from localcloud.aws.gateway.call import GatewayCall, Refused
from localcloud.aws.gateway.events import MalformedAnswer, to_response, version_1, version_2
from localcloud.aws.gateway.find import match_path, specificity
from localcloud.aws.gateway.functions import call_function
from localcloud.aws.gateway.throttle import Throttle
from localcloud.aws.routing import Response, json_response


def answer(call: GatewayCall, throttle: Throttle) -> Response:
    """The response; raises Refused where the gateway itself answers."""
    route = _route(call)
    call.log |= {"routeKey": route.route_key, "resourcePath": route.route_key}
    settings = {**_settings(call.to.stage.default_route_settings), **_route_settings(call, route.route_key)}
    throttle.take(
        (call.to.api_id, call.to.stage.name, route.route_key),
        rate=settings.get("throttlingRateLimit"),
        burst=settings.get("throttlingBurstLimit"),
    )
    _authorise(call, route)
    integration = call.to.api.integrations.get(str(route.target or "").rpartition("/")[2])
    if integration is None:
        raise Refused(500, "Internal Server Error", reason=f"route {route.route_key} has no integration")
    event = (
        version_1(call, resource=_template(route)) | {"version": "1.0"}
        if integration.payload_format_version == "1.0"
        else version_2(call, route_key=route.route_key)
    )
    template = route.route_key if route.route_key == "$default" else _template(route)
    source = f"{_method(route)}/{template.removeprefix('/')}"
    role = bool(integration.credentials_arn)
    done = call_function(call, integration.integration_uri, event, source=source, as_role=role)
    if done.error:
        call.log["integrationErrorMessage"] = done.payload.decode(errors="replace")[:500]
        return json_response({"message": "Internal Server Error"}, 500)
    try:
        return to_response(done.payload, lenient=integration.payload_format_version != "1.0")
    except MalformedAnswer as error:
        call.log["integrationErrorMessage"] = str(error)
        return json_response({"message": "Internal Server Error"}, 500)


def _route(call: GatewayCall) -> Any:
    """The most specific route; a named method wins over ANY, any route over $default."""
    method, routes = call.request.method, list(call.to.api.routes.values())
    fitting = []
    for route in routes:
        wanted, _, template = route.route_key.partition(" ")
        parameters = match_path(template, call.to.path) if template and wanted in (method, "ANY") else None
        if parameters is not None:
            fitting.append((specificity(template), wanted == "ANY", route, parameters))
    if fitting:
        _, _, route, call.path_parameters = min(fitting, key=lambda each: each[:2])
        return route
    default = next((route for route in routes if route.route_key == "$default"), None)
    if default is None:
        raise Refused(404, "Not Found", reason=f"no route for {method} {call.to.path}")
    return default


def _authorise(call: GatewayCall, route: Any) -> None:
    kind = route.authorization_type or "NONE"
    if kind == "AWS_IAM":
        access.require_signature(call)
    elif kind in ("JWT", "CUSTOM"):
        authorizer = call.to.api.authorizers.get(route.authorizer_id)
        if authorizer is None:
            raise Refused(500, "Internal Server Error", reason=f"authorizer {route.authorizer_id} does not exist")
        if kind == "JWT":
            access.require_token(call, authorizer, route.authorization_scopes)
        else:
            access.require_authorizer(
                call, authorizer, method=call.request.method, path=call.to.path, resource=route.route_key
            )


def _template(route: Any) -> str:
    return str(route.route_key).partition(" ")[2] or "/{proxy+}"


def _method(route: Any) -> str:
    wanted = str(route.route_key).partition(" ")[0]
    return "*" if wanted in ("ANY", "$default") else wanted


def _settings(settings: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (settings or {}).items() if value is not None}


def _route_settings(call: GatewayCall, key: str) -> dict[str, Any]:
    return _settings((call.to.stage.route_settings or {}).get(key))
