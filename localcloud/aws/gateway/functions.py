"""Calls the function an integration names, if the function's own policy lets API Gateway do so."""

from __future__ import annotations

import re
from typing import Any

import structlog

from localcloud.aws import lambda_invoke
from localcloud.aws.gateway.call import GatewayCall, Refused
from localcloud.aws.lambda_process import Outcome
from localcloud.aws.policy import Call, Decision, Principal, evaluate

log = structlog.get_logger(__name__)

_FUNCTION = re.compile(r"(arn:aws:lambda:[^/]+)")
_SERVICE = "apigateway.amazonaws.com"


def call_function(call: GatewayCall, uri: str, event: dict[str, Any], *, source: str, as_role: bool = False) -> Outcome:
    """The outcome of the function that `uri` names. `source` is method and path below the stage, for its policy.

    Raises Refused with the status AWS answers when the permission is missing, the function is gone or throttled.
    """
    from moto.awslambda.exceptions import LambdaClientError

    variables = call.to.stage.variables if call.to.kind == "REST" else call.to.stage.stage_variables
    for name, value in (variables or {}).items():
        uri = uri.replace("${stageVariables." + name + "}", str(value))
    named = _FUNCTION.search(uri or "")
    if named is None:
        raise _failed(call, f"integration {uri!r} names no Lambda function; nothing else is served here")
    try:
        target = lambda_invoke.find(named[1], None, account=call.to.account, region=call.to.region)
    except LambdaClientError as error:
        raise _failed(call, str(error)) from error
    if not as_role and not _permitted(call, target, source):
        raise _failed(call, f"Invalid permissions on Lambda function: {target.arn} does not admit {_SERVICE}")
    try:
        return lambda_invoke.call(target, lambda_invoke.as_event(event)).outcome
    except lambda_invoke.Throttled as error:
        raise _failed(call, str(error)) from error
    except lambda_invoke.CannotRun as error:
        raise _failed(call, str(error)) from error


def _permitted(call: GatewayCall, target: lambda_invoke.Target, source: str) -> bool:
    statements = target.function.policy.statements
    base = f"arn:aws:execute-api:{call.to.region}:{call.to.account}:{call.to.api_id}"
    arn = f"{base}/{source}" if source.startswith("authorizers/") else f"{base}/{call.to.stage.name}/{source}"
    context = {"aws:SourceArn": [arn], "aws:SourceAccount": [call.to.account]}
    asked = Call(Principal(call.to.account, "", service=_SERVICE), "lambda:InvokeFunction", target.arn, context)
    return evaluate({"Statement": statements}, asked) is Decision.ALLOWED


def _failed(call: GatewayCall, reason: str) -> Refused:
    log.warning("integration failed", api=call.to.api_id, reason=reason)
    call.log["integrationErrorMessage"] = reason
    if call.to.kind == "REST":
        return Refused(500, "Internal server error", reason=reason)
    return Refused(500, "Internal Server Error", reason=reason)
