"""Lambda: the uploaded zip runs, and the configuration Terraform wrote is what it reads.

- invocations: moto echoes the payload without Docker and waits for it with Docker; here the code runs.
- LambdaFunction configuration: moto forgets DeadLetterConfig, LoggingConfig and SnapStart, and updates of
  TracingConfig, KMSKeyArn, Architectures and EphemeralStorage, so the next plan would differ.
- get_code: moto drops a reserved concurrency of 0, which means "switched off".
- code signing and provisioned concurrency: moto has no calls for them.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.exceptions import UnknownAliasException, UnknownFunctionException
from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend
from moto.awslambda_simple.models import LambdaSimpleBackend

from localcloud.aws import lambda_invoke
from localcloud.aws.routing import Request, Response, Route, json_error, json_response

_API = r"/\d{4}-\d\d-\d\d"
_FUNCTION = rf"{_API}/functions/(?P<name>[^/]+)"
_MAX_SYNC_PAYLOAD = 6 * 1024 * 1024  # bytes; source: Lambda quotas


def _invoke(request: Request) -> Response:
    kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
    if len(request.body) > _MAX_SYNC_PAYLOAD:
        return json_error("RequestTooLargeException", f"a payload has at most {_MAX_SYNC_PAYLOAD} bytes", 413)
    try:
        json.loads(request.body or b"{}")
    except ValueError as error:
        return json_error("InvalidRequestContentException", f"Could not parse request body into json: {error}", 400)
    name, qualifier = request.group("name"), next(iter(request.query.get("Qualifier", ())), None)
    try:
        target = lambda_invoke.find(name, qualifier, account=request.account, region=request.region)
    except (UnknownFunctionException, UnknownAliasException) as error:
        return json_error("ResourceNotFoundException", str(error.message), 404)
    if kind == "DryRun":
        return Response(204)
    if kind == "Event":
        lambda_invoke.call_later(target, request.body or b"{}")
        return Response(202)
    context = request.headers.get("x-amz-client-context", "")
    try:
        done = lambda_invoke.call(target, request.body or b"{}", context=_decoded(context))
    except lambda_invoke.Throttled as error:
        reason = {"Type": "User", "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded"}
        answer = json_response({**reason, "message": str(error)}, 429)
        return Response(429, answer.body, (*answer.headers, ("x-amzn-errortype", "TooManyRequestsException")))
    except lambda_invoke.CannotRun as error:
        return json_error("InvalidRuntimeException", str(error), 502)
    headers = [("Content-Type", "application/json"), ("X-Amz-Executed-Version", target.version)]
    if done.outcome.error:
        headers.append(("X-Amz-Function-Error", done.outcome.error))
    if request.headers.get("x-amz-log-type") == "Tail":
        headers.append(("X-Amz-Log-Result", base64.b64encode(done.tail.encode()).decode()))
    return Response(200, done.outcome.payload, tuple(headers))


def _decoded(context: str) -> str:
    return base64.b64decode(context).decode() if context else ""


def _backend_invoke(
    self: Any, function_name: str, qualifier: str | None, body: Any, headers: Any, response_headers: Any
) -> bytes:
    """The way moto's other services (SQS, SNS, Logs, Secrets Manager) call a function."""
    target = lambda_invoke.find(function_name, qualifier, account=self.account_id, region=self.region_name)
    event = body if isinstance(body, bytes) else str(body or "{}").encode()
    if (headers or {}).get("X-Amz-Invocation-Type") == "Event":
        lambda_invoke.call_later(target, event)
        return b""
    try:
        done = lambda_invoke.call(target, event)
    except (lambda_invoke.Throttled, lambda_invoke.CannotRun) as error:
        response_headers["x-amz-function-error"] = "Unhandled"
        return json.dumps({"errorMessage": str(error)}).encode()
    if done.outcome.error:
        response_headers["x-amz-function-error"] = done.outcome.error
    return done.outcome.payload


_KEPT = {
    "DeadLetterConfig": "groundwork_dead_letter",
    "LoggingConfig": "groundwork_logging",
    "SnapStart": "groundwork_snap_start",
}
_UPDATED = {"TracingConfig": "tracing_config", "KMSKeyArn": "kms_key_arn"}


def _remembering_init(original: Callable[..., None]) -> Callable[..., None]:
    def init(self: Any, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
        original(self, account_id, spec, region, version)
        for name, attribute in _KEPT.items():
            setattr(self, attribute, spec.get(name))
        self.tracing_config = {"Mode": (spec.get("TracingConfig") or {}).get("Mode") or "PassThrough"}

    return init


def _remembering_update(original: Callable[..., Any]) -> Callable[..., Any]:
    def update_configuration(self: Any, changes: dict[str, Any]) -> Any:
        for name, attribute in (*_KEPT.items(), *_UPDATED.items()):
            if name in changes:
                setattr(self, attribute, changes[name])
        if "EphemeralStorage" in changes:
            self.ephemeral_storage = changes["EphemeralStorage"]["Size"]
        if "Environment" in changes:
            changes = {**changes, "Environment": {"Variables": changes["Environment"].get("Variables") or {}}}
        self.groundwork_revision = str(uuid.uuid4())
        return original(self, changes)

    return update_configuration


def _full_configuration(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        configuration = original(self, on_create)
        dead_letter = getattr(self, "groundwork_dead_letter", None)
        if dead_letter and dead_letter.get("TargetArn"):
            configuration["DeadLetterConfig"] = dead_letter
        logging = getattr(self, "groundwork_logging", None) or {}
        configuration["LoggingConfig"] = {"LogFormat": "Text", "LogGroup": self.logs_group_name, **logging}
        snap_start = (getattr(self, "groundwork_snap_start", None) or {}).get("ApplyOn", "None")
        published = ":" in str(self.function_arn).split(":function:")[1]
        optimised = snap_start != "None" and published
        configuration["SnapStart"] = {"ApplyOn": snap_start, "OptimizationStatus": "On" if optimised else "Off"}
        return configuration

    return get_configuration


def _with_switched_off(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def get_code(self: Any) -> dict[str, Any]:
        code = original(self)
        if self.reserved_concurrency is not None:
            code["Concurrency"] = {"ReservedConcurrentExecutions": int(self.reserved_concurrency)}
        return code

    return get_code


def _with_architecture(original: Callable[..., Any]) -> Callable[..., Any]:
    def update_function_code(self: Any, updated: dict[str, Any]) -> Any:
        if updated.get("Architectures"):
            self.architectures = updated["Architectures"]
        return original(self, updated)

    return update_function_code


# ── calls moto has no model for ───────────────────────────────────────────────────────────────────────
def _provisioned_key(request: Request) -> str:
    return f"provisioned/{request.group('name').split(':')[-1]}/{next(iter(request.query.get('Qualifier', [''])))}"


def _put_provisioned(request: Request) -> Response:
    count = int(request.json()["ProvisionedConcurrentExecutions"])
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    request.store[_provisioned_key(request)] = {
        "RequestedProvisionedConcurrentExecutions": count,
        "AvailableProvisionedConcurrentExecutions": count,
        "AllocatedProvisionedConcurrentExecutions": count,
        "Status": "READY",
        "LastModified": moment,
    }
    return json_response(request.store[_provisioned_key(request)], 202)


def _get_provisioned(request: Request) -> Response:
    if "List" in request.query:
        return json_response({"ProvisionedConcurrencyConfigs": []})
    found = request.store.get(_provisioned_key(request))
    if found is None:
        missing = "No Provisioned Concurrency Config found for this function"
        return json_error("ProvisionedConcurrencyConfigNotFoundException", missing, 404)
    return json_response(found)


def _delete_provisioned(request: Request) -> Response:
    request.store.pop(_provisioned_key(request), None)
    return Response(204)


def _forget_provisioned(request: Request) -> None:
    """A function that goes takes its provisioned concurrency along; moto deletes the function."""
    if "Qualifier" not in request.query:
        for key in [key for key in request.store if key.startswith(f"provisioned/{request.group('name')}/")]:
            del request.store[key]


def _create_signing(request: Request) -> Response:
    identifier = f"csc-{uuid.uuid4().hex[:17]}"
    arn = f"arn:aws:lambda:{request.region}:{request.account}:code-signing-config:{identifier}"
    asked = request.json()
    made = {
        "CodeSigningConfigId": identifier,
        "CodeSigningConfigArn": arn,
        "Description": asked.get("Description", ""),
        "AllowedPublishers": asked["AllowedPublishers"],
        "CodeSigningPolicies": asked.get("CodeSigningPolicies") or {"UntrustedArtifactOnDeployment": "Warn"},
        "LastModified": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
    }
    request.store[f"signing/{arn}"] = made
    request.store[f"signing-tags/{arn}"] = asked.get("Tags", {})
    return json_response({"CodeSigningConfig": made}, 201)


def _signing(request: Request) -> Response:
    key = f"signing/{request.group('arn')}"
    if key not in request.store:
        return json_error("ResourceNotFoundException", "The code signing configuration cannot be found", 404)
    if request.method == "DELETE":
        request.store.pop(key)
        request.store.pop(f"signing-tags/{request.group('arn')}", None)
        return Response(204)
    if request.method == "PUT":
        asked = request.json()
        names = ("Description", "AllowedPublishers", "CodeSigningPolicies")
        request.store[key] = {**request.store[key], **{name: asked[name] for name in names if name in asked}}
    return json_response({"CodeSigningConfig": request.store[key]})


def _function_signing(request: Request) -> Response | None:
    """PUT and DELETE of a function's code signing; moto answers GET."""
    function = get_backend(request.account, request.region).get_function(request.group("name"))
    if request.method == "DELETE":
        function.code_signing_config_arn = None
        return Response(204)
    function.code_signing_config_arn = request.json()["CodeSigningConfigArn"]
    answer = {"CodeSigningConfigArn": function.code_signing_config_arn, "FunctionName": function.function_name}
    return json_response(answer)


def _signing_tags(request: Request) -> Response | None:
    arn = request.group("arn")
    if ":code-signing-config:" not in arn:
        return None
    return json_response({"Tags": request.store.get(f"signing-tags/{arn}", {})})


def install() -> None:
    """Apply the patches of the module docstring."""
    if getattr(LambdaFunction, "groundwork_patched", False):
        return
    LambdaFunction.__init__ = _remembering_init(LambdaFunction.__init__)
    LambdaFunction.update_configuration = _remembering_update(LambdaFunction.update_configuration)
    LambdaFunction.update_function_code = _with_architecture(LambdaFunction.update_function_code)
    LambdaFunction.get_configuration = _full_configuration(LambdaFunction.get_configuration)
    LambdaFunction.get_code = _with_switched_off(LambdaFunction.get_code)
    LambdaSimpleBackend.invoke = _backend_invoke
    LambdaFunction.groundwork_patched = True


ROUTES = (
    Route("lambda", "POST", rf"{_FUNCTION}/invocations/?", _invoke),
    Route("lambda", "PUT", rf"{_FUNCTION}/provisioned-concurrency", _put_provisioned),
    Route("lambda", "GET", rf"{_FUNCTION}/provisioned-concurrency", _get_provisioned),
    Route("lambda", "DELETE", rf"{_FUNCTION}/provisioned-concurrency", _delete_provisioned),
    Route("lambda", "DELETE", _FUNCTION, _forget_provisioned),
    Route("lambda", "POST", rf"{_API}/code-signing-configs/?", _create_signing),
    Route("lambda", "*", rf"{_API}/code-signing-configs/(?P<arn>[^/]+)", _signing),
    Route("lambda", "PUT", rf"{_FUNCTION}/code-signing-config", _function_signing),
    Route("lambda", "DELETE", rf"{_FUNCTION}/code-signing-config", _function_signing),
    Route("lambda", "GET", rf"{_API}/tags/(?P<arn>.+)", _signing_tags),
)
