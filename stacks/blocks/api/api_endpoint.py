"""What REST and HTTP APIs have in common here: one route to one function, a throttle, and a log line per request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission
from constructs import Construct

from stacks.blocks.api.lambda_function import LambdaFunction


@dataclass(frozen=True, kw_only=True)
class Route:
    """A method and a path (begins with /) of a stage."""

    stage: str
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """Requests that pass: `rate` per second, `burst` at once. AWS answers 429 to the others."""

    rate: int
    burst: int


_LOGGED: Mapping[str, str] = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "userAgent": "$context.identity.userAgent",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "responseLatency": "$context.responseLatency",
    "integrationStatus": "$context.integration.status",
    "integrationLatency": "$context.integration.latency",
    "integrationError": "$context.integration.error",
}
"""Context variables that both kinds of API know."""


def access_log_format(**more: str) -> str:
    """One JSON object per request; `more` are further names and context variables."""
    return json.dumps({**_LOGGED, **more})


def let_call(
    scope: Construct, id_: str, *, function: LambdaFunction, execution_arn: str, route: Route
) -> LambdaPermission:
    """Lets API Gateway call the function's alias for this route of this API, and for nothing else."""
    return LambdaPermission(
        scope,
        id_,
        statement_id="ApiGatewayCallsRoute",
        action="lambda:InvokeFunction",
        principal="apigateway.amazonaws.com",
        function_name=function.function.function_name,
        qualifier=function.alias.name,
        source_arn=f"{execution_arn}/{route.stage}/{route.method}{route.path}",
    )
