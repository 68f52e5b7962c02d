"""Usage plan of a REST API: how much a holder of an API key may ask for."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.api_gateway_usage_plan import (
    ApiGatewayUsagePlan,
    ApiGatewayUsagePlanApiStages,
    ApiGatewayUsagePlanQuotaSettings,
    ApiGatewayUsagePlanThrottleSettings,
)
from constructs import Construct

from stacks.blocks.api.rest_api import RestApi


class UsagePlan(Construct):
    """A plan called like the API. Its keys are made outside Terraform, whose state would keep their values readable."""

    def __init__(self, scope: Construct, id_: str, *, api: RestApi) -> None:
        super().__init__(scope, id_)
        throttle, quota = api.values.throttle, api.values.quota
        self.plan = ApiGatewayUsagePlan(
            self,
            "plan",
            name=api.name,
            description="Callers with an API key",
            api_stages=[ApiGatewayUsagePlanApiStages(api_id=api.api.id, stage=api.stage.stage_name)],
            throttle_settings=ApiGatewayUsagePlanThrottleSettings(rate_limit=throttle.rate, burst_limit=throttle.burst),
            quota_settings=ApiGatewayUsagePlanQuotaSettings(limit=quota.requests, period=quota.per),
        )
