"""The role with which API Gateway writes logs: one per account and region, needed by every REST API in it."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.api_gateway_account import ApiGatewayAccount
from constructs import Construct

from stacks.blocks.iam.service_role import ServiceRole
from stacks.values import AwsScope


class ApiGatewayLogging(Construct):
    """Sets the account's API Gateway log role. REST APIs cannot log before it is set."""

    def __init__(self, scope: Construct, id_: str, *, aws: AwsScope, role_name: str) -> None:
        super().__init__(scope, id_)
        self.role = ServiceRole(
            self,
            "writer",
            name=role_name,
            description="API Gateway writes access and execution logs",
            service="apigateway.amazonaws.com",
            source_account=None,
        )
        # API Gateway refuses a role that may not do all of this on every log group, so nothing narrower can be set.
        attached = self.role.attach(
            "write-logs", aws.managed_policy_arn("service-role/AmazonAPIGatewayPushToCloudWatchLogs")
        )
        self.setting = ApiGatewayAccount(
            self,
            "setting",
            cloudwatch_role_arn=self.role.arn,
            # Not reset_on_delete, which version 6 of the provider removed: a destroyed setting keeps the role's name.
            depends_on=[attached],
        )
