"""What REST and HTTP APIs have in common here: one route to one function, a throttle, and a log line per request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission
from constructs import Construct

from stacks.blocks.api.lambda_function import LambdaFunction
from stacks.blocks.api.web_acl import LOG_PREFIX
from stacks.blocks.observability.log_group import LogGroup
from stacks.blocks.security.encryption_key import Key
from stacks.values.api import Api

OPEN_BY_VALUE = "Open by an explicit value (authorisation: open), which the review of an environment calls out."
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
    "caller": "$context.identity.userArn",
}
"""Context variables that both kinds of API know."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """A method and a path (begins with /)."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, kw_only=True)
class ApiMetrics:
    """What CloudWatch calls the figures of an API: the two kinds have names and dimensions of their own."""

    dimensions: Mapping[str, str]
    server_errors: str
    client_errors: str


class ApiEndpoint(Construct):
    """Base of both kinds: an API called `name` that serves `route` by `function`. `values` passed `api_rules.check`.

    The key's policy has to let CloudWatch Logs use it for `log_groups`. A subclass sets `api`, `stage` and `metrics`.
    """

    api: Any
    stage: Any
    metrics: ApiMetrics

    def __init__(
        self, scope: Construct, id_: str, *, name: str, values: Api, route: Route, function: LambdaFunction, key: Key
    ) -> None:
        super().__init__(scope, id_)
        self.name, self.values, self.route, self.function = name, values, route, function
        # Arguments of the API's resource that both kinds name alike.
        self._common = {
            "name": name,
            "description": f"{route} through Lambda {function.function_name}",
            # Where the API has a name of its own, AWS's name would be a way around it.
            "disable_execute_api_endpoint": bool(values.domain and not values.domain.keep_default_endpoint),
        }
        self.access_log = LogGroup(
            self, "access", name=f"/aws/apigateway/{name}", key=key, retention_days=values.log_days
        )

    @property
    def url(self) -> str:
        """AWS's own address of the stage, without a slash at the end."""
        url: str = self.stage.invoke_url
        return url

    def _let_call(self) -> LambdaPermission:
        """Lets API Gateway call the function's alias for this route of this API, and for nothing else."""
        return LambdaPermission(
            self,
            "caller",
            statement_id="ApiGatewayCallsRoute",
            action="lambda:InvokeFunction",
            principal="apigateway.amazonaws.com",
            function_name=self.function.function.function_name,
            qualifier=self.function.alias.name,
            source_arn=f"{self.api.execution_arn}/{self.values.stage}/{self.route.method}{self.route.path}",
        )

    def _access_log(self, **more: str) -> dict[str, str]:
        """Settings of a stage: one JSON object per request; `more` are further names and context variables."""
        return {"destination_arn": self.access_log.arn, "format": json.dumps({**_LOGGED, **more})}


def log_groups(name: str, stage: str) -> list[str]:
    """Names, with *, of all log groups of an API called `name` and of its firewall."""
    # API Gateway puts the API's id, which is not known yet, into the name of the last.
    return [f"/aws/apigateway/{name}", f"{LOG_PREFIX}{name}", f"API-Gateway-Execution-Logs_*/{stage}"]
