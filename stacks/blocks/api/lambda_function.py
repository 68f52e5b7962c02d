"""Lambda function with a role, a log group and an alias that can be rolled back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cdktf import AssetType, TerraformAsset
from cdktf_cdktf_provider_aws.lambda_alias import LambdaAlias
from cdktf_cdktf_provider_aws.lambda_function import (
    LambdaFunction as AwsLambdaFunction,
)
from cdktf_cdktf_provider_aws.lambda_function import (
    LambdaFunctionEnvironment,
    LambdaFunctionLoggingConfig,
    LambdaFunctionTracingConfig,
    LambdaFunctionVpcConfig,
)
from cdktf_cdktf_provider_aws.lambda_provisioned_concurrency_config import LambdaProvisionedConcurrencyConfig
from constructs import Construct

from groundwork.packaging import Package, Target
from stacks.blocks.api.function_network import FunctionNetwork
from stacks.blocks.api.signed_code import SignedCode
from stacks.blocks.errors import IllegalComposition
from stacks.blocks.iam.policy_document import Statement
from stacks.blocks.iam.service_role import ServiceRole
from stacks.blocks.observability.log_group import LogGroup
from stacks.blocks.security.encryption_key import Key
from stacks.blocks.waivers import waive
from stacks.values import AwsScope
from stacks.values.api import Function

ALIAS = "live"


class LambdaFunction(Construct):
    """A function called `name` from `package`, logging JSON, its environment encrypted with `key`.

    `traced` sends traces to X-Ray, which it has to reach.

    The key's policy has to let CloudWatch Logs use it for /aws/lambda/<name>. Callers use `alias`, which is the newest
    version, or `values.previous_version` where that is set. The role, of the same name, may write logs and traces;
    everything else is granted by `role.allow`. The package is copied into the stack's folder, so that a plan travels
    with it; with `signed`, made of the same package, the function takes the signed copy and refuses unsigned code.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        name: str,
        description: str,
        values: Function,
        package: Package,
        target: Target,
        handler: str,
        environment: Mapping[str, str],
        key: Key,
        network: FunctionNetwork | None = None,
        traced: bool = True,
        log_days: int = 365,
        signed: SignedCode | None = None,
    ) -> None:
        super().__init__(scope, id_)
        previous_version = values.previous_version
        if previous_version is not None and not re.fullmatch(r"[1-9]\d*", previous_version):
            raise IllegalComposition(
                "previous_version", f"{previous_version!r} is not a published version", "name its number, such as 7"
            )
        self.function_name = name
        self._arn = aws.arn("lambda", f"function:{name}")
        self.log_group = LogGroup(self, "log", name=f"/aws/lambda/{name}", key=key, retention_days=log_days)
        self.role = ServiceRole(
            self,
            "identity",
            name=name,
            description=description,
            service="lambda.amazonaws.com",
            source_account=aws.account,
        )
        allowed = [
            self.role.allow("write-logs-and-traces", self._logs(), *([self._traces()] if traced else [])),
            self.role.allow("read-environment", self._environment_key(key)),
        ]
        if network:
            allowed.append(self.role.allow("attach-to-network", *self._network_interfaces()))
        self.function = AwsLambdaFunction(
            self,
            "function",
            function_name=name,
            description=description,
            role=self.role.arn,
            handler=handler,
            runtime=target.runtime,
            architectures=[target.architecture],
            **(_signed(signed) if signed else self._packaged(package)),
            memory_size=values.memory_mb,
            timeout=values.timeout_seconds,
            reserved_concurrent_executions=values.reserved_concurrency,
            environment=LambdaFunctionEnvironment(variables=dict(environment)),
            kms_key_arn=key.arn,
            tracing_config=LambdaFunctionTracingConfig(mode="Active" if traced else "PassThrough"),
            logging_config=LambdaFunctionLoggingConfig(
                log_format="JSON",
                application_log_level="WARN" if values.log_level == "WARNING" else values.log_level,
                system_log_level="INFO",
                log_group=self.log_group.name,
            ),
            vpc_config=LambdaFunctionVpcConfig(
                subnet_ids=list(network.subnet_ids), security_group_ids=[network.security_group.id]
            )
            if network
            else None,
            publish=True,
            depends_on=allowed,
        )
        self.alias = LambdaAlias(
            self,
            "alias",
            name=ALIAS,
            description="What callers use" if previous_version is None else f"Rolled back to {previous_version}",
            function_name=self.function.function_name,
            function_version=previous_version or self.function.version,
        )
        if values.provisioned_concurrency:
            self.provisioned = LambdaProvisionedConcurrencyConfig(
                self,
                "warm",
                function_name=self.function.function_name,
                qualifier=self.alias.name,
                provisioned_concurrent_executions=values.provisioned_concurrency,
            )
        self._waive(in_vpc=network is not None, is_signed=signed is not None)

    def _packaged(self, package: Package) -> dict[str, Any]:
        asset = TerraformAsset(self, "package", path=str(package.path.resolve()), type=AssetType.FILE)
        return {"filename": asset.path, "source_code_hash": package.sha256_base64}

    def _logs(self) -> Statement:
        return Statement(
            sid="WriteOwnLogs",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[f"{self.log_group.arn}:*"],
        )

    def _traces(self) -> Statement:
        return Statement(
            sid="SendTraces",
            actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
            resources=["*"],
            any_resource_because="X-Ray has no resource type for traces: these actions accept * alone",
        )

    def _environment_key(self, key: Key) -> Statement:
        return Statement(
            sid="ReadOwnEnvironment",
            actions=["kms:Decrypt"],
            resources=[key.arn],
            conditions={"StringEquals": {"kms:EncryptionContext:aws:lambda:FunctionArn": self._arn}},
        )

    def _network_interfaces(self) -> list[Statement]:
        interfaces = [
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ]
        return [
            Statement(
                sid="LambdaAttachesFunction",
                actions=interfaces,
                resources=["*"],
                any_resource_because="Lambda checks these on * before it attaches a function, and refuses less",
            ),
            # Lambda needs them to attach the function; the function's own code never does (Lambda developer guide).
            Statement(
                sid="CodeMayNot",
                effect="Deny",
                actions=interfaces,
                resources=["*"],
                conditions={"ArnEquals": {"lambda:SourceFunctionArn": [self._arn, f"{self._arn}:*"]}},
            ),
        ]

    def _waive(self, *, in_vpc: bool, is_signed: bool) -> None:
        waive(
            self.function,
            "CKV_AWS_116",
            reason="API Gateway calls synchronously: failures go to the caller, a dead letter queue would stay empty.",
        )
        if not is_signed:
            waive(
                self.function,
                "CKV_AWS_272",
                reason="No signing profile by value (signing_profile_arns): the plan names the reviewed zip's hash.",
            )
        if not in_vpc:
            waive(
                self.function,
                "CKV_AWS_117",
                reason="Outside a VPC by value (in_vpc: false): it reaches AWS APIs only, over TLS, with its own role.",
            )


def _signed(code: SignedCode) -> dict[str, Any]:
    # No hash: a package that changes is signed anew, under a new key.
    return {"s3_bucket": code.s3_bucket, "s3_key": code.s3_key, "code_signing_config_arn": code.config.arn}
