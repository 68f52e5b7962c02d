"""Calls the function that an integration names, where the function's own policy allows API Gateway to."""

from __future__ import annotations

import json
import re
from typing import Any

import structlog

from localcloud.aws import lambda_invoke
from localcloud.aws.gateway.call import GatewayCall, GatewayError
from localcloud.aws.gateway.events import MalformedAnswer, to_response
from localcloud.aws.lambda_process import InvocationResult
from localcloud.aws.policy import Call, Decision, Principal, evaluate
from localcloud.aws.routing import Response, json_response

log = structlog.get_logger(__name__)

_FUNCTION = re.compile(r"(arn:aws:lambda:[^/]+)")
_SERVICE = "apigateway.amazonaws.com"


def answer_of(
    call: GatewayCall, uri: str, event: dict[str, Any], *, source: str, as_role: bool, lenient: bool, status: int
) -> Response:
    """The response of the function that `uri` names; see `call_function` and `to_response` for the arguments.

    `status` is for a function that fails, or that answers what API Gateway cannot use.
    """
    outcome = call_function(call, uri, event, source=source, as_role=as_role)
    problem = outcome.payload.decode(errors="replace")[:500]
    if not outcome.error:
        try:
            return to_response(outcome.payload, lenient=lenient)
        except MalformedAnswer as error:
            problem = str(error)
    call.log["integrationErrorMessage"] = problem
    return json_response({"message": call.to.internal_error}, status)


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
    try:
        return lambda_invoke.call(target, json.dumps(event).encode()).outcome
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
