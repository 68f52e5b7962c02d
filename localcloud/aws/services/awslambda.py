"""Lambda: the uploaded zip runs, Terraform reads the configuration that it wrote, and concurrency can be provisioned.

Code signing configurations are in lambda_code_signing.py.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.exceptions import UnknownAliasException, UnknownFunctionException

from localcloud.aws import lambda_invoke
from localcloud.aws.patching import Method, wrap
from localcloud.aws.routing import Request, Response, Route, json_error, json_response, not_found

_FUNCTION = r"/\d{4}-\d\d-\d\d/functions/(?P<name>[^/]+)"

# Settings that moto forgets, and the attributes that hold them here.
_SETTINGS = {
    "DeadLetterConfig": "groundwork_dead_letter",
    "LoggingConfig": "groundwork_logging",
    "SnapStart": "groundwork_snap_start",
}
# Settings that moto takes when a function is created, and ignores when it is updated.
_UPDATES = {"TracingConfig": "tracing_config", "KMSKeyArn": "kms_key_arn"}


def install() -> None:
    """moto echoes an event without Docker and runs it with Docker; here the code runs."""
    from moto.awslambda.models import LambdaFunction
    from moto.awslambda_simple.models import LambdaSimpleBackend

    wrap(LambdaFunction, "__init__", _init)
    wrap(LambdaFunction, "update_configuration", _update_configuration)
    wrap(LambdaFunction, "update_function_code", _update_function_code)
    wrap(LambdaFunction, "get_configuration", _get_configuration)
    wrap(LambdaFunction, "get_code", _get_code)
    wrap(LambdaSimpleBackend, "invoke", _invoke_for_moto)


# ── invocations ──────────────────────────────────────────────────────────────────────────────────────
def _invoke(request: Request) -> Response:
    kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
    if len(request.body) > lambda_invoke.MAX_EVENT:
        return json_error("RequestTooLargeException", f"a payload has at most {lambda_invoke.MAX_EVENT} bytes", 413)
    try:
        json.loads(request.body or b"{}")
    except ValueError as error:
        return json_error("InvalidRequestContentException", f"Could not parse request body into json: {error}", 400)
    name, qualifier = request.group("name"), next(iter(request.query.get("Qualifier", ())), None)
    try:
        target = lambda_invoke.find(name, qualifier, account=request.account, region=request.region)
    except (UnknownFunctionException, UnknownAliasException) as error:
        return not_found(str(error.message))
    if kind == "DryRun":
        return Response(204)
    if kind == "Event":
        lambda_invoke.call_later(target, request.body or b"{}")
        return Response(202)
    context = base64.b64decode(request.headers.get("x-amz-client-context", "")).decode()
    try:
        invocation = lambda_invoke.call(target, request.body or b"{}", context=context)
    except lambda_invoke.Throttled as error:
        body = {
            "Type": "User",
            "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
            "message": str(error),
        }
        return json_response(body, 429, (("x-amzn-errortype", "TooManyRequestsException"),))
    except lambda_invoke.CannotRun as error:
        return json_error("InvalidRuntimeException", str(error), 502)
    headers = [("Content-Type", "application/json"), ("X-Amz-Executed-Version", target.version)]
    if invocation.outcome.error:
        headers.append(("X-Amz-Function-Error", invocation.outcome.error))
    if request.headers.get("x-amz-log-type") == "Tail":
        headers.append(("X-Amz-Log-Result", base64.b64encode(invocation.tail.encode()).decode()))
    return Response(200, invocation.outcome.payload, tuple(headers))


def _invoke_for_moto(
    _: Method,
    self: Any,
    function_name: str,
    qualifier: str | None,
    body: Any,
    headers: Any,
    response_headers: Any,
) -> bytes:
    """How moto's other services (SQS, SNS, Logs, Secrets Manager) call a function."""
    target = lambda_invoke.find(function_name, qualifier, account=self.account_id, region=self.region_name)
    event = body if isinstance(body, bytes) else str(body or "{}").encode()
    if (headers or {}).get("X-Amz-Invocation-Type") == "Event":
        lambda_invoke.call_later(target, event)
        return b""
    try:
        outcome = lambda_invoke.call(target, event).outcome
    except (lambda_invoke.Throttled, lambda_invoke.CannotRun) as error:
        response_headers["x-amz-function-error"] = "Unhandled"
        return json.dumps({"errorMessage": str(error)}).encode()
    if outcome.error:
        response_headers["x-amz-function-error"] = outcome.error
    return outcome.payload


# ── configuration ────────────────────────────────────────────────────────────────────────────────────
def _init(
    original: Method, self: Any, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1
) -> None:
    original(self, account_id, spec, region, version)
    for name, attribute in _SETTINGS.items():
        setattr(self, attribute, spec.get(name))
    self.tracing_config = {"Mode": (spec.get("TracingConfig") or {}).get("Mode") or "PassThrough"}


def _update_configuration(original: Method, self: Any, changes: dict[str, Any]) -> Any:
    for name, attribute in (*_SETTINGS.items(), *_UPDATES.items()):
        if name in changes:
            setattr(self, attribute, changes[name])
    if "EphemeralStorage" in changes:
        self.ephemeral_storage = changes["EphemeralStorage"]["Size"]
    if "Environment" in changes:
        changes = {**changes, "Environment": {"Variables": changes["Environment"].get("Variables") or {}}}
    return original(self, changes)


def _update_function_code(original: Method, self: Any, changes: dict[str, Any]) -> Any:
    if changes.get("Architectures"):
        self.architectures = changes["Architectures"]
    return original(self, changes)


def _get_configuration(original: Method, self: Any, on_create: bool = False) -> Any:
    configuration = original(self, on_create)
    dead_letter = getattr(self, "groundwork_dead_letter", None)
    if dead_letter and dead_letter.get("TargetArn"):
        configuration["DeadLetterConfig"] = dead_letter
    logging = getattr(self, "groundwork_logging", None) or {}
    configuration["LoggingConfig"] = {"LogFormat": "Text", "LogGroup": self.logs_group_name, **logging}
    snap_start = (getattr(self, "groundwork_snap_start", None) or {}).get("ApplyOn", "None")
    is_published = ":" in str(self.function_arn).split(":function:")[1]
    status = "On" if snap_start != "None" and is_published else "Off"
    configuration["SnapStart"] = {"ApplyOn": snap_start, "OptimizationStatus": status}
    return configuration


def _get_code(original: Method, self: Any) -> Any:
    """moto drops a reserved concurrency of 0, which switches a function off."""
    code = original(self)
    if self.reserved_concurrency is not None:
        code["Concurrency"] = {"ReservedConcurrentExecutions": int(self.reserved_concurrency)}
    return code


# ── provisioned concurrency, which moto lacks ────────────────────────────────────────────────────────
def _provisioned_key(request: Request) -> str:
    return f"provisioned/{request.group('name').split(':')[-1]}/{next(iter(request.query.get('Qualifier', [''])))}"


def _put_provisioned(request: Request) -> Response:
    count = int(request.json()["ProvisionedConcurrentExecutions"])
    concurrency = {
        "RequestedProvisionedConcurrentExecutions": count,
        "AvailableProvisionedConcurrentExecutions": count,
        "AllocatedProvisionedConcurrentExecutions": count,
        "Status": "READY",
        "LastModified": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
    }
    request.store[_provisioned_key(request)] = concurrency
    return json_response(concurrency, 202)


def _get_provisioned(request: Request) -> Response:
    if "List" in request.query:
        return json_response({"ProvisionedConcurrencyConfigs": []})
    concurrency = request.store.get(_provisioned_key(request))
    if concurrency is None:
        missing = "No Provisioned Concurrency Config found for this function"
        return json_error("ProvisionedConcurrencyConfigNotFoundException", missing, 404)
    return json_response(concurrency)


def _delete_provisioned(request: Request) -> Response:
    request.store.pop(_provisioned_key(request), None)
    return Response(204)


def _forget_provisioned(request: Request) -> None:
    """DeleteFunction: its provisioned concurrency goes with it; moto deletes the function."""
    if "Qualifier" not in request.query:
        for key in [key for key in request.store if key.startswith(f"provisioned/{request.group('name')}/")]:
            del request.store[key]


ROUTES = (
    Route("lambda", "POST", rf"{_FUNCTION}/invocations/?", _invoke),
    Route("lambda", "PUT", rf"{_FUNCTION}/provisioned-concurrency", _put_provisioned),
    Route("lambda", "GET", rf"{_FUNCTION}/provisioned-concurrency", _get_provisioned),
    Route("lambda", "DELETE", rf"{_FUNCTION}/provisioned-concurrency", _delete_provisioned),
    Route("lambda", "DELETE", _FUNCTION, _forget_provisioned),
)
