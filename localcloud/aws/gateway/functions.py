"""Calls the function that an integration names, where the function's own policy allows API Gateway to."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import structlog

from localcloud.aws import lambda_invoke
from localcloud.aws.gateway.call import GatewayCall, GatewayError
from localcloud.aws.gateway.events import MalformedAnswer
from localcloud.aws.lambda_process import InvocationResult
from localcloud.aws.policy import Call, Decision, Principal, evaluate
from localcloud.aws.routing import Response, json_response

log = structlog.get_logger(__name__)

_FUNCTION = re.compile(r"(arn:aws:lambda:[^/]+)")
_SERVICE = "apigateway.amazonaws.com"


def answer_of(
    call: GatewayCall,
    uri: str,
    event: dict[str, Any],
    *,
    source: str,
    as_role: bool,
    seconds: float,
    to_response: Callable[[bytes], Response],
    broken: int,
    late: GatewayError,
) -> Response:
    """The response that `to_response` makes of the function that `uri` names; see `call_function`.

    `broken` is the status for a function that fails, or that answers what API Gateway cannot use. A function that
    needs more than `seconds` works on, and the client gets `late`.
    """
    outcome = _within(seconds, lambda: call_function(call, uri, event, source=source, as_role=as_role))
    if outcome is None:
        call.log["integrationErrorMessage"] = late.reason
        raise late
    problem = outcome.payload.decode(errors="replace")
    if not outcome.error:
        try:
            return to_response(outcome.payload)
        except MalformedAnswer as error:
            problem = str(error)
    call.log["integrationErrorMessage"] = problem
    return json_response({"message": call.to.internal_error}, broken)


def _within(seconds: float, work: Callable[[], InvocationResult]) -> InvocationResult | None:
    """What `work` returns or raises within the time; None where it takes longer."""
    result: Future[InvocationResult] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:
            result.set_exception(error)

    # Not a pool, which would wait for the function at the end of the server.
    threading.Thread(target=run, daemon=True).start()
    try:
        return result.result(timeout=seconds)
    except TimeoutError:
        return None


def call_function(
    call: GatewayCall, uri: str, event: dict[str, Any], *, source: str, as_role: bool = False
) -> InvocationResult:
    """The outcome of the function that `uri` names.

    `source` is method and path below the stage, for the function's policy; `as_role` goes past that policy. Raises
    GatewayError (500) where the permission is missing, and where the function is absent, throttled or cannot run.
    """
    from moto.awslambda.exceptions import LambdaClientError

    for name, value in call.to.stage_variables.items():
        uri = uri.replace("${stageVariables." + name + "}", str(value))
    function = _FUNCTION.search(uri or "")
    if function is None:
        raise _failed(call, f"integration {uri!r} names no Lambda function; nothing else is served here")
    try:
        target = lambda_invoke.find(function[1], None, account=call.to.account, region=call.to.region)
    except LambdaClientError as error:
        raise _failed(call, str(error)) from error
    if not as_role and not _permitted(call, target, source):
        raise _failed(call, f"Invalid permissions on Lambda function: {target.arn} does not permit {_SERVICE}")
    payload = json.dumps(event).encode()
    if len(payload) > lambda_invoke.MAX_EVENT:
        raise GatewayError(413, "Request Entity Too Large", reason=f"an event of {len(payload)} bytes")
    try:
        return lambda_invoke.call(target, payload).outcome
    except (lambda_invoke.Throttled, lambda_invoke.CannotRun) as error:
        raise _failed(call, str(error)) from error


def _permitted(call: GatewayCall, target: lambda_invoke.Target, source: str) -> bool:
    statements = target.function.policy.statements
    base = f"arn:aws:execute-api:{call.to.region}:{call.to.account}:{call.to.api_id}"
    arn = f"{base}/{source}" if source.startswith("authorizers/") else f"{base}/{call.to.stage.name}/{source}"
    context = {"aws:SourceArn": [arn], "aws:SourceAccount": [call.to.account]}
    invocation = Call(Principal(call.to.account, "", service=_SERVICE), "lambda:InvokeFunction", target.arn, context)
    return evaluate({"Statement": statements}, invocation) is Decision.ALLOWED


def _failed(call: GatewayCall, reason: str) -> GatewayError:
    log.warning("integration failed", api=call.to.api_id, reason=reason)
    call.log["integrationErrorMessage"] = reason
    return call.failed(reason)
