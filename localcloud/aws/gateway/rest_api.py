"""A REST API's answer: resource and method, policy, authorisation, key, validation, throttling, integration."""

from __future__ import annotations

import json
from typing import Any

import jsonschema

from localcloud.aws.gateway import access
from localcloud.aws.gateway.call import GatewayCall, GatewayError
from localcloud.aws.gateway.deployment import DeployedResource, deployed
from localcloud.aws.gateway.events import rest_response, version_1
from localcloud.aws.gateway.find import match_path, specificity
from localcloud.aws.gateway.functions import answer_of
from localcloud.aws.gateway.throttle import Throttle
from localcloud.aws.routing import Response

_NO_ROUTE = "Missing Authentication Token"  # API Gateway's answer to a path or method that does not exist


def answer(call: GatewayCall, throttle: Throttle) -> Response:
    """The response; raises GatewayError where the gateway itself answers."""
    call.refuse_large_body(10_485_760, "HTTP content length exceeded 10485760 bytes.")
    resource, method = _find(call)
    path = resource.path
    call.log |= {"resourcePath": path, "resourceId": resource.id, "routeKey": f"{call.request.method} {path}"}
    kind = method.authorization_type or "NONE"
    if kind == "AWS_IAM":
        access.require_signature(call)
    access.require_policy(call, method=call.request.method, path=call.to.path, signed=kind == "AWS_IAM")
    if kind == "CUSTOM":
        authorizer = call.to.api.authorizers.get(method.authorizer_id)
        if authorizer is None:
            raise call.failed(f"authorizer {method.authorizer_id} does not exist")
        access.require_authorizer(call, authorizer, method=call.request.method, path=call.to.path, resource=path)
    elif kind == "COGNITO_USER_POOLS":
        raise GatewayError(401, "Unauthorized", reason="Cognito authorizers are not served by the embedded AWS")
    _throttle(call, throttle, method, path)
    _validate(call, method)
    return _integrate(call, resource, method)


def _find(call: GatewayCall) -> tuple[DeployedResource, Any]:
    matching = []
    for resource in deployed(call.to.api, call.to.stage):
        parameters = match_path(resource.path, call.to.path)
        method = resource.methods.get(call.request.method) or resource.methods.get("ANY")
        if parameters is not None and method is not None:
            matching.append((specificity(resource.path), resource, method, parameters))
    if not matching:
        raise GatewayError(403, _NO_ROUTE, reason=f"no method {call.request.method} on {call.to.path}")
    _, resource, method, call.path_parameters = min(matching, key=lambda each: each[0])
    return resource, method


def _throttle(call: GatewayCall, throttle: Throttle, method: Any, path: str) -> None:
    """The key's usage plan first, then the stage's setting for this method or for all."""
    if str(method.api_key_required).lower() == "true":
        plan_id = access.require_api_key(call)
        limits = call.to.backend.usage_plans[plan_id].throttle or {}
        throttle.take((plan_id, call.headers["x-api-key"]), **_limits(limits, "rateLimit", "burstLimit"))
    settings = call.to.stage.method_settings or {}
    method_key = f"{path.removeprefix('/').replace('/', '~1')}/{call.request.method}"
    for name in (method_key, method_key.replace("~1", "/"), "*/*"):
        if name in settings:
            limits = _limits(settings[name], "throttlingRateLimit", "throttlingBurstLimit")
            throttle.take((call.to.api_id, call.to.stage.name, name), **limits)
            return


def _limits(settings: dict[str, Any], rate: str, burst: str) -> dict[str, float | None]:
    return {
        "rate": None if settings.get(rate) is None else float(settings[rate]),
        "burst": None if settings.get(burst) is None else float(settings[burst]),
    }


def _validate(call: GatewayCall, method: Any) -> None:
    """Check what the request validator requires: parameters, and the body by its model."""
    validator = call.to.api.request_validators.get(method.request_validator_id)
    if validator is None:
        return
    if validator.validate_request_parameters:
        missing = [
            name.rpartition(".")[2]
            for name, required in (method.request_parameters or {}).items()
            if str(required).lower() == "true" and not _is_present(call, name)
        ]
        if missing:
            raise GatewayError(400, f"Missing required request parameters: [{', '.join(missing)}]")
    kind = call.headers.get("content-type", "application/json").split(";")[0]
    model = call.to.api.models.get((method.request_models or {}).get(kind, ""))
    if validator.validate_request_body and model is not None and model.schema:
        try:
            jsonschema.validate(json.loads(call.request.body or b"null"), json.loads(model.schema))
        except ValueError:
            raise GatewayError(400, "Invalid request body", reason="the body is not JSON") from None
        except jsonschema.ValidationError as error:
            raise GatewayError(400, "Invalid request body", reason=error.message) from None


def _is_present(call: GatewayCall, name: str) -> bool:
    _, _, place, key = name.split(".", 3)
    if place == "header":
        return key.lower() in call.headers
    return key in (call.request.query if place == "querystring" else call.path_parameters)


def _integrate(call: GatewayCall, resource: DeployedResource, method: Any) -> Response:
    integration = method.method_integration
    kind = integration.integration_type if integration is not None else None
    if kind == "MOCK":
        return _mock(call, integration)
    if kind != "AWS_PROXY":
        raise call.failed(f"integration type {kind} is not served by the embedded AWS")
    binary = tuple(call.to.api.binaryMediaTypes)
    return answer_of(
        call,
        integration.uri,
        version_1(call, resource=resource.path, resource_id=resource.id, binary=binary),
        source=f"{call.request.method}/{call.to.path.removeprefix('/')}",
        as_role=bool(integration.credentials),
        seconds=int(integration.timeout_in_millis or 29_000) / 1000,
        to_response=lambda payload: rest_response(payload, accept=call.headers.get("accept", ""), binary=binary),
        broken=502,
        late=GatewayError(504, "Endpoint request timed out"),
    )


def _mock(call: GatewayCall, integration: Any) -> Response:
    """A MOCK integration: its first response, the template unchanged."""
    for status, response in (integration.integration_responses or {}).items():
        headers = [
            (name.rpartition(".")[2], str(value).strip("'"))
            for name, value in (response.response_parameters or {}).items()
        ]
        templates = response.response_templates or {}
        body = str(templates.get("application/json") or "").encode()
        return Response(int(status), body, (("Content-Type", "application/json"), *headers))
    raise call.failed("the MOCK integration has no response")
