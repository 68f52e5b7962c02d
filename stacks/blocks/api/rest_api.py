"""REST API with one route to a Lambda function: checked requests, a throttle, logs, and a choice of who may call."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

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

from stacks.blocks.api.api_endpoint import OPEN_BY_VALUE, ApiEndpoint, ApiMetrics, Route
from stacks.blocks.api.lambda_function import LambdaFunction
from stacks.blocks.iam.policy_document import Principal, Statement, deny_everyone, policy_document
from stacks.blocks.observability.log_group import LogGroup
from stacks.blocks.security.encryption_key import Key
from stacks.blocks.waivers import waive
from stacks.values import AwsScope
from stacks.values.api import Api

_NO_CACHE = "The route writes: an answer out of a cache would say that something was stored when it was not."


class RestApi(ApiEndpoint):
    """A regional REST API. Callers sign their requests (`iam`), send a usage plan's key, or show nothing (`open`).

    API Gateway itself answers a body that does not match `request_schema` (JSON Schema draft 4). Where
    `values.allowed_cidrs` has entries, only these addresses get in.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        name: str,
        values: Api,
        route: Route,
        function: LambdaFunction,
        request_schema: Mapping[str, Any],
        key: Key,
    ) -> None:
        super().__init__(scope, id_, name=name, values=values, route=route, function=function, key=key)
        self.api = ApiGatewayRestApi(
            self,
            "api",
            endpoint_configuration=ApiGatewayRestApiEndpointConfiguration(types=["REGIONAL"]),
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            **self._common,
        )
        schema = json.dumps(request_schema, sort_keys=True)
        policy = self._source_policy(values.allowed_cidrs, aws) if values.allowed_cidrs else None
        deployment = self._deployment(self._integration(schema), policy, schema)
        # API Gateway makes this group by itself, unencrypted and for ever, unless it is there before the stage.
        self.execution_log = LogGroup(
            self,
            "execution",
            name=f"API-Gateway-Execution-Logs_{self.api.id}/{values.stage}",
            key=key,
            retention_days=values.log_days,
        )
        self.stage = self._stage(deployment, after=[self.execution_log.group, self._let_call()])
        self._throttle()
        if not values.waf:
            waive(
                self.stage,
                "CKV2_AWS_29",
                reason="No firewall by value (waf: false): calls are limited by authorisation and throttle instead.",
            )
        # API Gateway developer guide, "REST API dimensions and metrics".
        self.metrics = ApiMetrics(
            dimensions={"ApiName": name, "Stage": values.stage}, server_errors="5XXError", client_errors="4XXError"
        )

    def _source_policy(self, cidrs: Sequence[str], aws: AwsScope) -> ApiGatewayRestApiPolicy:
        every_route = f"{self.api.execution_arn}/*"
        # Naming the account, and not everyone, leaves it to IAM who of the account may call.
        signed = self.values.authorisation == "iam"
        return ApiGatewayRestApiPolicy(
            self,
            "sources",
            rest_api_id=self.api.id,
            policy=policy_document(
                Statement(
                    sid="LetNamedAddressesCall",
                    principal=Principal(aws=[aws.root]) if signed else Principal(everyone=True),
                    actions=["execute-api:Invoke"],
                    resources=[every_route],
                    conditions={"IpAddress": {"aws:SourceIp": cidrs}},
                ),
                deny_everyone(
                    "DenyOtherAddresses",
                    ["execute-api:Invoke"],
                    resources=[every_route],
                    conditions={"NotIpAddress": {"aws:SourceIp": cidrs}},
                ),
            ),
        )

    def _integration(self, schema: str) -> ApiGatewayIntegration:
        authorisation = self.values.authorisation
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
            authorization="AWS_IAM" if authorisation == "iam" else "NONE",
            api_key_required=authorisation == "api_key",
            request_models={"application/json": model.name},
            request_validator_id=validator.id,
        )
        if authorisation == "open":
            waive(self.method, "CKV_AWS_59", reason=OPEN_BY_VALUE)
        return ApiGatewayIntegration(
            self,
            "integration",
            rest_api_id=self.api.id,
            resource_id=parent,
            http_method=self.method.http_method,
            type="AWS_PROXY",
            # Lambda is always called with POST, whatever the caller's method.
            integration_http_method="POST",
            uri=self.function.alias.invoke_arn,
        )

    def _deployment(
        self, integration: ApiGatewayIntegration, policy: ApiGatewayRestApiPolicy | None, schema: str
    ) -> ApiGatewayDeployment:
        # A stage serves a snapshot: without a new deployment a change of the API would never be seen.
        default_endpoint = not self._common["disable_execute_api_endpoint"]
        written = json.dumps([str(self.route), self.values.authorisation, schema, default_endpoint])
        triggers = {
            "definition": hashlib.sha256(written.encode()).hexdigest(),
            "method": self.method.id,
            "integration": integration.uri,
        }
        if policy:
            triggers["sources"] = policy.policy
        return ApiGatewayDeployment(
            self,
            "deployment",
            rest_api_id=self.api.id,
            triggers=triggers,
            depends_on=[integration, policy] if policy else [integration],
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )

    def _stage(self, deployment: ApiGatewayDeployment, *, after: Sequence[ITerraformDependable]) -> ApiGatewayStage:
        stage = ApiGatewayStage(
            self,
            "stage",
            rest_api_id=self.api.id,
            deployment_id=deployment.id,
            stage_name=self.values.stage,
            xray_tracing_enabled=True,
            access_log_settings=ApiGatewayStageAccessLogSettings(
                **self._access_log(
                    apiKeyId="$context.identity.apiKeyId",
                    wafStatus="$context.waf.status",
                    error="$context.error.message",
                    trace="$context.xrayTraceId",
                )
            ),
            depends_on=after,
        )
        waive(stage, "CKV_AWS_120", reason=_NO_CACHE)
        waive(
            stage,
            "CKV2_AWS_51",
            reason="Client certificates are for HTTP back ends; a Lambda function knows API Gateway by IAM instead.",
        )
        return stage

    def _throttle(self) -> None:
        self.settings = ApiGatewayMethodSettings(
            self,
            "settings",
            rest_api_id=self.api.id,
            stage_name=self.stage.stage_name,
            method_path="*/*",
            settings=ApiGatewayMethodSettingsSettings(
                throttling_rate_limit=self.values.throttle.rate,
                throttling_burst_limit=self.values.throttle.burst,
                metrics_enabled=True,
                logging_level="ERROR",
                # Full requests and answers in a log would be a second, less guarded copy of the data.
                data_trace_enabled=False,
            ),
        )
        waive(self.settings, "CKV_AWS_225", reason=_NO_CACHE)
