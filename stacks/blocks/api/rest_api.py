"""REST API with one route to a Lambda function: checked requests, a throttle, logs, and a choice of who may call."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from cdktf import ITerraformDependable, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.api_gateway_deployment import ApiGatewayDeployment
from cdktf_cdktf_provider_aws.api_gateway_integration import ApiGatewayIntegration
from cdktf_cdktf_provider_aws.api_gateway_method import ApiGatewayMethod
from cdktf_cdktf_provider_aws.api_gateway_method_settings import (
    ApiGatewayMethodSettings,
    ApiGatewayMethodSettingsSettings,
)
from cdktf_cdktf_provider_aws.api_gateway_model import ApiGatewayModel
from cdktf_cdktf_provider_aws.api_gateway_request_validator import ApiGatewayRequestValidator
from cdktf_cdktf_provider_aws.api_gateway_resource import ApiGatewayResource
from cdktf_cdktf_provider_aws.api_gateway_rest_api import ApiGatewayRestApi, ApiGatewayRestApiEndpointConfiguration
from cdktf_cdktf_provider_aws.api_gateway_rest_api_policy import ApiGatewayRestApiPolicy
from cdktf_cdktf_provider_aws.api_gateway_stage import ApiGatewayStage, ApiGatewayStageAccessLogSettings
from constructs import Construct

from stacks.blocks.api.api_endpoint import Route, Throttle, access_log_format, let_call
from stacks.blocks.api.lambda_function import LambdaFunction
from stacks.blocks.iam.policy_document import Principal, Statement, policy_document
from stacks.blocks.observability.log_group import LogGroup
from stacks.blocks.security.encryption_key import Key
from stacks.blocks.waivers import waive
from stacks.values import AwsScope

Authorisation = Literal["iam", "api_key", "open"]


class RestApi(Construct):
    """A regional REST API called `name` that serves one route.

    `authorisation`: `iam` asks for signed requests of this account, `api_key` for a key of a usage plan, `open` for
    nothing. `allowed_cidrs`, where not empty, are the only addresses let in. A body that does not match
    `request_schema` (JSON Schema draft 4) is answered by API Gateway. `default_endpoint` keeps AWS's own name callable.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        name: str,
        route: Route,
        function: LambdaFunction,
        authorisation: Authorisation,
        request_schema: Mapping[str, Any],
        throttle: Throttle,
        key: Key,
        allowed_cidrs: Sequence[str] = (),
        default_endpoint: bool = True,
        log_days: int = 365,
    ) -> None:
        super().__init__(scope, id_)
        self.route = route
        self._authorisation = authorisation
        self.api = ApiGatewayRestApi(
            self,
            "api",
            name=name,
            description=f"{route} through Lambda {function.function_name}",
            endpoint_configuration=ApiGatewayRestApiEndpointConfiguration(types=["REGIONAL"]),
            disable_execute_api_endpoint=not default_endpoint,
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        schema = json.dumps(request_schema, sort_keys=True)
        policy = self._source_policy(allowed_cidrs, aws) if allowed_cidrs else None
        integration = self._route(function, schema)
        permission = let_call(self, "caller", function=function, execution_arn=self.api.execution_arn, route=route)
        deployment = self._deployment(integration, policy, schema, default_endpoint=default_endpoint)
        self._stage(deployment, name=name, key=key, log_days=log_days, after=[permission])
        self._throttle(throttle)

    @property
    def url(self) -> str:
        """AWS's own address of the stage, without a slash at the end."""
        url: str = self.stage.invoke_url
        return url

    def _source_policy(self, cidrs: Sequence[str], aws: AwsScope) -> ApiGatewayRestApiPolicy:
        every_route = f"{self.api.execution_arn}/*"
        # Naming the account, and not everyone, leaves it to IAM who of the account may call.
        callers = Principal(aws=[aws.root]) if self._authorisation == "iam" else Principal(everyone=True)
        return ApiGatewayRestApiPolicy(
            self,
            "sources",
            rest_api_id=self.api.id,
            policy=policy_document(
                Statement(
                    sid="LetNamedAddressesCall",
                    principal=callers,
                    actions=["execute-api:Invoke"],
                    resources=[every_route],
                    conditions={"IpAddress": {"aws:SourceIp": cidrs}},
                ),
                Statement(
                    sid="DenyOtherAddresses",
                    effect="Deny",
                    principal=Principal(everyone=True),
                    actions=["execute-api:Invoke"],
                    resources=[every_route],
                    conditions={"NotIpAddress": {"aws:SourceIp": cidrs}},
                ),
            ),
        )

    def _route(self, function: LambdaFunction, schema: str) -> ApiGatewayIntegration:
        parent = self.api.root_resource_id
        for number, part in enumerate(self.route.path.strip("/").split("/")):
            resource = ApiGatewayResource(
                self, f"path{number or ''}", rest_api_id=self.api.id, parent_id=parent, path_part=part
            )
            parent = resource.id
        model = ApiGatewayModel(
            self,
            "request",
            rest_api_id=self.api.id,
            name="Request",
            description=f"Body of {self.route}",
            content_type="application/json",
            schema=schema,
        )
        validator = ApiGatewayRequestValidator(
            self,
            "validator",
            rest_api_id=self.api.id,
            name="body-and-parameters",
            validate_request_body=True,
            validate_request_parameters=True,
        )
        self.method = ApiGatewayMethod(
            self,
            "method",
            rest_api_id=self.api.id,
            resource_id=parent,
            http_method=self.route.method,
            authorization="AWS_IAM" if self._authorisation == "iam" else "NONE",
            api_key_required=self._authorisation == "api_key",
            request_models={"application/json": model.name},
            request_validator_id=validator.id,
        )
        if self._authorisation == "open":
            waive(
                self.method,
                "CKV_AWS_59",
                reason="Open by an explicit value (authorisation: open), which the review of an environment calls out.",
            )
        return ApiGatewayIntegration(
            self,
            "integration",
            rest_api_id=self.api.id,
            resource_id=parent,
            http_method=self.method.http_method,
            type="AWS_PROXY",
            # Lambda is always called with POST, whatever the caller's method.
            integration_http_method="POST",
            uri=function.alias.invoke_arn,
        )

    def _deployment(
        self,
        integration: ApiGatewayIntegration,
        policy: ApiGatewayRestApiPolicy | None,
        schema: str,
        *,
        default_endpoint: bool,
    ) -> ApiGatewayDeployment:
        # A stage serves a snapshot: without a new deployment a change of the API would never be seen.
        written = json.dumps([str(self.route), self._authorisation, schema, default_endpoint])
        after: list[ITerraformDependable] = [integration]
        triggers = {
            "definition": hashlib.sha256(written.encode()).hexdigest(),
            "method": self.method.id,
            "integration": integration.uri,
        }
        if policy:
            after.append(policy)
            triggers["sources"] = policy.policy
        return ApiGatewayDeployment(
            self,
            "deployment",
            rest_api_id=self.api.id,
            triggers=triggers,
            depends_on=after,
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )

    def _stage(
        self,
        deployment: ApiGatewayDeployment,
        *,
        name: str,
        key: Key,
        log_days: int,
        after: Sequence[ITerraformDependable],
    ) -> None:
        self.access_log = LogGroup(self, "access", name=f"/aws/apigateway/{name}", key=key, retention_days=log_days)
        # API Gateway makes this group by itself, unencrypted and for ever, unless it is there before the stage.
        self.execution_log = LogGroup(
            self,
            "execution",
            name=f"API-Gateway-Execution-Logs_{self.api.id}/{self.route.stage}",
            key=key,
            retention_days=log_days,
        )
        self.stage = ApiGatewayStage(
            self,
            "stage",
            rest_api_id=self.api.id,
            deployment_id=deployment.id,
            stage_name=self.route.stage,
            xray_tracing_enabled=True,
            access_log_settings=ApiGatewayStageAccessLogSettings(
                destination_arn=self.access_log.arn,
                format=access_log_format(
                    caller="$context.identity.userArn",
                    apiKeyId="$context.identity.apiKeyId",
                    wafStatus="$context.waf.status",
                    error="$context.error.message",
                    trace="$context.xrayTraceId",
                ),
            ),
            depends_on=[self.execution_log.group, *after],
        )
        waive(
            self.stage,
            "CKV_AWS_120",
            reason="The route writes: an answer out of a cache would say that something was stored when it was not.",
        )
        waive(
            self.stage,
            "CKV2_AWS_51",
            reason="Client certificates are for HTTP back ends; a Lambda function knows API Gateway by IAM instead.",
        )

    def _throttle(self, throttle: Throttle) -> None:
        self.settings = ApiGatewayMethodSettings(
            self,
            "settings",
            rest_api_id=self.api.id,
            stage_name=self.stage.stage_name,
            method_path="*/*",
            settings=ApiGatewayMethodSettingsSettings(
                throttling_rate_limit=throttle.rate,
                throttling_burst_limit=throttle.burst,
                metrics_enabled=True,
                logging_level="ERROR",
                # Full requests and answers in a log would be a second, less guarded copy of the data.
                data_trace_enabled=False,
            ),
        )
        waive(
            self.settings,
            "CKV_AWS_225",
            reason="The route writes: an answer out of a cache would say that something was stored when it was not.",
        )
