"""Lambda code signing configurations, which moto lacks."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from localcloud.aws import tagging
from localcloud.aws.routing import Request, Response, Route, json_error, json_response, not_found, requires

SERVICE = "lambda"
CONFIGS = r"/2020-04-22/code-signing-configs/?"
CONFIG = r"/2020-04-22/code-signing-configs/(?P<arn>[^/]+)"
OF_FUNCTION = r"/2020-06-30/functions/(?P<function>[^/]+)/code-signing-config"
DEFAULT_POLICIES = {"UntrustedArtifactOnDeployment": "Warn"}
_WRITABLE = ("Description", "AllowedPublishers", "CodeSigningPolicies")
_MISSING = "The code signing configuration cannot be found: {arn}"


def create(request: Request) -> Response:
    """CreateCodeSigningConfig."""
    body = request.json()
    identifier = f"csc-{secrets.token_hex(9)[:17]}"
    arn = request.arn(f"code-signing-config:{identifier}")
    config = {
        "CodeSigningConfigId": identifier,
        "CodeSigningConfigArn": arn,
        "Description": body.get("Description", ""),
        "AllowedPublishers": body["AllowedPublishers"],
        "CodeSigningPolicies": body.get("CodeSigningPolicies") or DEFAULT_POLICIES,
        "LastModified": _now(),
    }
    request.store[_key(arn)] = {"arn": arn, "tags": body.get("Tags") or {}, "config": config}
    return json_response({"CodeSigningConfig": config}, 201)


def list_configs(request: Request) -> Response:
    """ListCodeSigningConfigs."""
    return json_response({"CodeSigningConfigs": [item["config"] for item in request.items("code-signing")]})


@requires(lambda request: request.store.get(_key(request.group("arn"))), _MISSING)
def handle_config(request: Request, item: dict[str, Any]) -> Response:
    """GetCodeSigningConfig, UpdateCodeSigningConfig and DeleteCodeSigningConfig."""
    config: dict[str, Any] = item["config"]
    if request.method == "DELETE":
        if any(function.code_signing_config_arn == item["arn"] for function in _functions(request)):
            message = "The code signing configuration is in use by functions and cannot be deleted."
            return json_error("ResourceConflictException", message, 409)
        del request.store[_key(item["arn"])]
        return Response(204)
    if request.method == "PUT":
        body = request.json()
        config.update({key: body[key] for key in _WRITABLE if key in body}, LastModified=_now())
    return json_response({"CodeSigningConfig": config})


def handle_function(request: Request) -> Response | None:
    """PutFunctionCodeSigningConfig and DeleteFunctionCodeSigningConfig; moto answers GetFunctionCodeSigningConfig."""
    name = request.group("function").rsplit(":", 1)[-1]
    function = next((each for each in _functions(request) if each.function_name == name), None)
    if function is None or request.method == "GET":
        return None
    if request.method == "DELETE":
        function.code_signing_config_arn = None
        return Response(204)
    arn = request.json()["CodeSigningConfigArn"]
    if _key(arn) not in request.store:
        return not_found(_MISSING.format(arn=arn))
    function.code_signing_config_arn = arn
    return json_response({"CodeSigningConfigArn": arn, "FunctionName": name})


def _functions(request: Request) -> list[Any]:
    from moto.awslambda.utils import get_backend

    return list(get_backend(request.account, request.region).list_functions())


def _key(arn: str) -> str:
    return f"code-signing/{arn.rsplit(':', 1)[-1]}"


def _now() -> str:
    return datetime.now(UTC).isoformat()


ROUTES = (
    Route(SERVICE, "POST", CONFIGS, create),
    Route(SERVICE, "GET", CONFIGS, list_configs),
    Route(SERVICE, "*", CONFIG, handle_config),
    Route(SERVICE, "*", OF_FUNCTION, handle_function),
    *tagging.routes(SERVICE, key="Tags", path="/2017-03-31/tags"),
)
