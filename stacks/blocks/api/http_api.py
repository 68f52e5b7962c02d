"""HTTP API with one route to a Lambda function: cheaper and quicker than a REST API, with fewer guards."""

from __future__ import annotations

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

from stacks.blocks.api.api_endpoint import OPEN_BY_VALUE, ApiEndpoint, ApiMetrics, Route
from stacks.blocks.api.lambda_function import LambdaFunction
from stacks.blocks.security.encryption_key import Key
from stacks.blocks.waivers import waive
from stacks.values.api import Api, Jwt

_AUTHORISATION = {"iam": "AWS_IAM", "jwt": "JWT", "open": "NONE"}


class HttpApi(ApiEndpoint):
    """An HTTP API. Callers sign their requests (`iam`), send a token (`jwt`), or show nothing (`open`)."""

    def __init__(
        self, scope: Construct, id_: str, *, name: str, values: Api, route: Route, function: LambdaFunction, key: Key
    ) -> None:
        super().__init__(scope, id_, name=name, values=values, route=route, function=function, key=key)
        self.api = Apigatewayv2Api(self, "api", protocol_type="HTTP", **self._common)
        self._route()
        self._let_call()
        self.stage = Apigatewayv2Stage(
            self,
            "stage",
            api_id=self.api.id,
            name=values.stage,
            auto_deploy=True,
            # An HTTP API without limits of its own answers 429 to everybody.
            default_route_settings=Apigatewayv2StageDefaultRouteSettings(
                throttling_rate_limit=values.throttle.rate,
                throttling_burst_limit=values.throttle.burst,
                detailed_metrics_enabled=True,
            ),
            access_log_settings=Apigatewayv2StageAccessLogSettings(
                **self._access_log(
                    subject="$context.authorizer.claims.sub",
                    authorizerError="$context.authorizer.error",
                    error="$context.error.message",
                )
            ),
        )
        # API Gateway developer guide, "Metrics for HTTP APIs".
        self.metrics = ApiMetrics(
            dimensions={"ApiId": self.api.id, "Stage": values.stage}, server_errors="5xx", client_errors="4xx"
        )

    def _route(self) -> None:
        authorisation, jwt = self.values.authorisation, self.values.jwt
        integration = Apigatewayv2Integration(
            self,
            "integration",
            api_id=self.api.id,
            integration_type="AWS_PROXY",
            integration_uri=self.function.alias.invoke_arn,
            payload_format_version="2.0",
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        self.api_route = Apigatewayv2Route(
            self,
            "route",
            api_id=self.api.id,
            route_key=str(self.route),
            target=f"integrations/{integration.id}",
            authorization_type=_AUTHORISATION[authorisation],
            authorizer_id=self._authorizer(jwt).id if jwt else None,
            authorization_scopes=list(jwt.scopes) or None if jwt else None,
        )
        if authorisation == "open":
            waive(self.api_route, "CKV_AWS_309", reason=OPEN_BY_VALUE)

    def _authorizer(self, jwt: Jwt) -> Apigatewayv2Authorizer:
        return Apigatewayv2Authorizer(
            self,
            "authorizer",
            api_id=self.api.id,
            name="tokens",
            authorizer_type="JWT",
            identity_sources=["$request.header.Authorization"],
            jwt_configuration=Apigatewayv2AuthorizerJwtConfiguration(issuer=jwt.issuer, audience=list(jwt.audience)),
        )
