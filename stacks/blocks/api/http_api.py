"""HTTP API with one route to a Lambda function: cheaper and quicker than a REST API, with fewer guards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.apigatewayv2_api import Apigatewayv2Api
from cdktf_cdktf_provider_aws.apigatewayv2_authorizer import (
    Apigatewayv2Authorizer,
    Apigatewayv2AuthorizerJwtConfiguration,
)
from cdktf_cdktf_provider_aws.apigatewayv2_integration import Apigatewayv2Integration
from cdktf_cdktf_provider_aws.apigatewayv2_route import Apigatewayv2Route
from cdktf_cdktf_provider_aws.apigatewayv2_stage import (
    Apigatewayv2Stage,
    Apigatewayv2StageAccessLogSettings,
    Apigatewayv2StageDefaultRouteSettings,
)
from constructs import Construct

from stacks.blocks.api.api_endpoint import Route, Throttle, access_log_format, let_call
from stacks.blocks.api.lambda_function import LambdaFunction
from stacks.blocks.errors import IllegalComposition
from stacks.blocks.observability.log_group import LogGroup
from stacks.blocks.security.encryption_key import Key
from stacks.blocks.waivers import waive

Authorisation = Literal["iam", "jwt", "open"]
_TYPES: dict[Authorisation, str] = {"iam": "AWS_IAM", "jwt": "JWT", "open": "NONE"}


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Tokens that are accepted: issued by `issuer` (https), for one of `audience`, with one of `scopes` where given."""

    issuer: str
    audience: Sequence[str]
    scopes: Sequence[str] = ()


class HttpApi(Construct):
    """An HTTP API called `name` that serves one route.

    `authorisation`: `iam` asks for signed requests, `jwt` for a token that `tokens` describes, `open` for nothing.
    `default_endpoint` keeps AWS's own name callable.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        route: Route,
        function: LambdaFunction,
        authorisation: Authorisation,
        throttle: Throttle,
        key: Key,
        tokens: Tokens | None = None,
        default_endpoint: bool = True,
        log_days: int = 365,
    ) -> None:
        super().__init__(scope, id_)
        if (tokens is None) == (authorisation == "jwt"):
            raise IllegalComposition(
                "tokens",
                "are what jwt checks, and nothing else checks them",
                "pass tokens with authorisation jwt, and with no other",
            )
        self.api = Apigatewayv2Api(
            self,
            "api",
            name=name,
            description=f"{route} through Lambda {function.function_name}",
            protocol_type="HTTP",
            disable_execute_api_endpoint=not default_endpoint,
        )
        self._route(route, function, authorisation, tokens)
        let_call(self, "caller", function=function, execution_arn=self.api.execution_arn, route=route)
        self.access_log = LogGroup(self, "access", name=f"/aws/apigateway/{name}", key=key, retention_days=log_days)
        self.stage = Apigatewayv2Stage(
            self,
            "stage",
            api_id=self.api.id,
            name=route.stage,
            auto_deploy=True,
            # An HTTP API without limits of its own answers 429 to everybody.
            default_route_settings=Apigatewayv2StageDefaultRouteSettings(
                throttling_rate_limit=throttle.rate,
                throttling_burst_limit=throttle.burst,
                detailed_metrics_enabled=True,
            ),
            access_log_settings=Apigatewayv2StageAccessLogSettings(
                destination_arn=self.access_log.arn,
                format=access_log_format(
                    caller="$context.identity.userArn",
                    subject="$context.authorizer.claims.sub",
                    authorizerError="$context.authorizer.error",
                    error="$context.error.message",
                ),
            ),
        )

    @property
    def url(self) -> str:
        """AWS's own address of the stage, without a slash at the end."""
        url: str = self.stage.invoke_url
        return url

    def _route(
        self, route: Route, function: LambdaFunction, authorisation: Authorisation, tokens: Tokens | None
    ) -> None:
        integration = Apigatewayv2Integration(
            self,
            "integration",
            api_id=self.api.id,
            integration_type="AWS_PROXY",
            integration_uri=function.alias.invoke_arn,
            payload_format_version="2.0",
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        authorizer = (
            Apigatewayv2Authorizer(
                self,
                "authorizer",
                api_id=self.api.id,
                name="tokens",
                authorizer_type="JWT",
                identity_sources=["$request.header.Authorization"],
                jwt_configuration=Apigatewayv2AuthorizerJwtConfiguration(
                    issuer=tokens.issuer, audience=list(tokens.audience)
                ),
            )
            if tokens
            else None
        )
        self.route = Apigatewayv2Route(
            self,
            "route",
            api_id=self.api.id,
            route_key=str(route),
            target=f"integrations/{integration.id}",
            authorization_type=_TYPES[authorisation],
            authorizer_id=authorizer.id if authorizer else None,
            authorization_scopes=list(tokens.scopes) or None if tokens else None,
        )
        if authorisation == "open":
            waive(
                self.route,
                "CKV_AWS_309",
                reason="Open by an explicit value (authorisation: open), which the review of an environment calls out.",
            )
