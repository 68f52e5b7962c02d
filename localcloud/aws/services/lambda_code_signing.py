"""Lambda code signing configurations: moto has no model of them."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from localcloud.aws import tagging
from localcloud.aws.routing import Request, Response, Route, json_error, json_response

SERVICE = "lambda"
CONFIGS = r"/2020-04-22/code-signing-configs/?"
CONFIG = r"/2020-04-22/code-signing-configs/(?P<arn>[^/]+)"
OF_FUNCTION = r"/2020-06-30/functions/(?P<function>[^/]+)/code-signing-config"
_WRITABLE = ("Description", "AllowedPublishers", "CodeSigningPolicies")
DEFAULT_POLICIES = {"UntrustedArtifactOnDeployment": "Warn"}


def install() -> None:
    """Routes only."""


def create(request: Request) -> Response:
    """CreateCodeSigningConfig."""
    body = request.json()
    identifier = f"csc-{secrets.token_hex(9)[:17]}"
    arn = f"arn:aws:lambda:{request.region}:{request.account}:code-signing-config:{identifier}"
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


def list_all(request: Request) -> Response:
    """ListCodeSigningConfigs."""
    found = [each["config"] for key, each in request.store.items() if key.startswith("code-signing/")]
    return json_response({"CodeSigningConfigs": found})


def one(request: Request) -> Response:
    """GetCodeSigningConfig, UpdateCodeSigningConfig and DeleteCodeSigningConfig."""
    arn = request.group("arn")
    item = request.store.get(_key(arn))
    if item is None:
        return _missing(f"The code signing configuration cannot be found: {arn}")
    config: dict[str, Any] = item["config"]
    if request.method == "DELETE":
        if any(function.code_signing_config_arn == arn for function in _functions(request)):
            message = "The code signing configuration is in use by functions and cannot be deleted."
            return json_error("ResourceConflictException", message, 409)
        del request.store[_key(arn)]
        return Response(204)
    if request.method == "PUT":
        body = request.json()
        config.update(
            {key: body[key] for key in ("Description", "AllowedPublishers", "CodeSigningPolicies") if key in body}
        )
        config["LastModified"] = _now()
    return json_response({"CodeSigningConfig": config})


def of_function(request: Request) -> Response | None:
    """PutFunctionCodeSigningConfig and DeleteFunctionCodeSigningConfig; reading is moto's."""
    name = request.group("function").rsplit(":", 1)[-1]
    function = next((each for each in _functions(request) if each.function_name == name), None)
    if function is None or request.method == "GET":
        return None
    if request.method == "DELETE":
        function.code_signing_config_arn = None
        return Response(204)
    arn = request.json()["CodeSigningConfigArn"]
    if _key(arn) not in request.store:
        return _missing(f"The code signing configuration cannot be found: {arn}")
    function.code_signing_config_arn = arn
    return json_response({"CodeSigningConfigArn": arn, "FunctionName": name})


def _functions(request: Request) -> list[Any]:
    from moto.awslambda.utils import get_backend

    return list(get_backend(request.account, request.region).list_functions())


def _key(arn: str) -> str:
    return f"code-signing/{arn.rsplit(':', 1)[-1]}"


def _missing(message: str) -> Response:
    return json_error("ResourceNotFoundException", message, 404)


def _now() -> str:
    return datetime.now(UTC).isoformat()


ROUTES = (
    Route(SERVICE, "POST", CONFIGS, create),
    Route(SERVICE, "GET", CONFIGS, list_all),
    Route(SERVICE, "*", CONFIG, one),
    Route(SERVICE, "*", OF_FUNCTION, of_function),
    *tagging.routes(SERVICE, key="Tags", path="/2017-03-31/tags"),
)
