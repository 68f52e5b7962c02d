"""GitHub Actions runners in the VPC: CodeBuild starts a fresh machine per job, which reaches what the VPC reaches."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.codebuild_project import (
    CodebuildProject,
    CodebuildProjectArtifacts,
    CodebuildProjectEnvironment,
    CodebuildProjectEnvironmentEnvironmentVariable,
    CodebuildProjectLogsConfig,
    CodebuildProjectLogsConfigCloudwatchLogs,
    CodebuildProjectSource,
    CodebuildProjectSourceAuth,
    CodebuildProjectVpcConfig,
)
from cdktf_cdktf_provider_aws.codebuild_webhook import (
    CodebuildWebhook,
    CodebuildWebhookFilterGroup,
    CodebuildWebhookFilterGroupFilter,
)
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from constructs import Construct

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.iam.policy_document import Statement
from stacks.blocks.iam.service_role import ServiceRole
from stacks.blocks.network.security_rules import ANYWHERE, HTTPS, let_out
from stacks.blocks.observability.log_group import LogGroup
from stacks.blocks.pipeline.pipeline_resources import ACTIONS_WITHOUT_RESOURCES
from stacks.blocks.security.encryption_key import logs_key_use, make_or_use
from stacks.values import AwsScope, Names
from stacks.values.delivery import Runners

# CodeBuild user guide, "Docker images provided by CodeBuild": the one on Ubuntu 22.04. actions/setup-python has Pythons
# for Ubuntu alone and fails on Amazon Linux (actions/setup-python#460, aws/agentcore-cli#1746), which is all that
# CodeBuild has for arm64.
_KIND, _IMAGE = "LINUX_CONTAINER", "aws/codebuild/standard:7.0"


class GithubRunner(Construct):
    """A CodeBuild project that answers jobs with `runs-on: codebuild-<project>-${{ github.run_id }}-…`.

    Every job of `repository` may ask for a machine, those of pull requests too. GitHub gives it only to the workflows
    that the runner group `values.group` allows (user guide, "GitHub Actions runner configuration options"). The
    machine's own role can write its log and sit in the VPC, and nothing else; what a job may do in AWS it gets by its
    own OIDC token. Raises IllegalComposition without subnets.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        values: Runners,
        repository: str,
        vpc_id: str,
        subnet_ids: Sequence[str],
    ) -> None:
        super().__init__(scope, id_)
        if not subnet_ids:
            raise IllegalComposition("subnet_ids", "is empty, and a runner sits in one", "name the private subnets")
        aws = names.aws
        project = names.of("runner")
        group_name = f"/groundwork/{names.prefix}/runner"
        self.key = make_or_use(
            self,
            "key",
            existing=names.environment.keys.runner,
            aws=aws,
            alias=names.alias("runner"),
            description=f"Logs and caches of the runners of {names.prefix}",
            statements=[logs_key_use(aws, group_name)],
        )
        self.logs = LogGroup(self, "logs", name=group_name, key=self.key, retention_days=values.log_days)
        self.security_group = SecurityGroup(
            self, "security_group", name=project, description="Runners: nothing in, HTTPS out", vpc_id=vpc_id
        )
        why = "HTTPS to GitHub, AWS and package registries, whose addresses change"
        let_out(self, "to_https", self.security_group.id, why, cidr=ANYWHERE, ports=HTTPS)
        self.role = self._role(aws, project, subnet_ids, values.connection_arn)
        registration = {
            "CODEBUILD_CONFIG_GITHUB_ACTIONS_ORG_REGISTRATION_NAME": repository.partition("/")[0],
            "CODEBUILD_CONFIG_GITHUB_ACTIONS_RUNNER_GROUP_ID": str(values.group),
        }
        self.project = CodebuildProject(
            self,
            "project",
            name=project,
            description=f"GitHub Actions runners of {names.prefix}",
            service_role=self.role.arn,
            build_timeout=values.timeout_minutes,
            concurrent_build_limit=values.at_once,
            encryption_key=self.key.arn,
            artifacts=CodebuildProjectArtifacts(type="NO_ARTIFACTS"),
            environment=CodebuildProjectEnvironment(
                compute_type=values.compute,
                image=_IMAGE,
                type=_KIND,
                privileged_mode=False,
                environment_variable=[
                    CodebuildProjectEnvironmentEnvironmentVariable(name=name, value=value)
                    for name, value in registration.items()
                ],
            ),
            source=CodebuildProjectSource(
                type="GITHUB",
                location=f"https://github.com/{repository}.git",
                auth=CodebuildProjectSourceAuth(type="CODECONNECTIONS", resource=values.connection_arn),
            ),
            logs_config=CodebuildProjectLogsConfig(
                cloudwatch_logs=CodebuildProjectLogsConfigCloudwatchLogs(group_name=self.logs.name)
            ),
            vpc_config=CodebuildProjectVpcConfig(
                vpc_id=vpc_id, subnets=list(subnet_ids), security_group_ids=[self.security_group.id]
            ),
        )
        CodebuildWebhook(
            self,
            "webhook",
            project_name=self.project.name,
            build_type="BUILD",
            filter_group=[
                CodebuildWebhookFilterGroup(
                    filter=[CodebuildWebhookFilterGroupFilter(type="EVENT", pattern="WORKFLOW_JOB_QUEUED")]
                )
            ],
        )

    def _role(self, aws: AwsScope, project: str, subnet_ids: Sequence[str], connection_arn: str) -> ServiceRole:
        role = ServiceRole(
            self,
            "role",
            name=project,
            description="The machine of a runner: its log and its place in the VPC",
            service="codebuild.amazonaws.com",
            source_account=aws.account,
            source_arns=[aws.arn("codebuild", f"project/{project}")],
        )
        subnets = [aws.arn("ec2", f"subnet/{subnet}") for subnet in subnet_ids]
        role.allow(
            "run",
            Statement(
                sid="WriteItsLog",
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[f"{self.logs.arn}:*"],
            ),
            Statement(
                sid="RegisterWithGithub",
                actions=["codeconnections:GetConnection", "codeconnections:GetConnectionToken"],
                resources=[connection_arn],
            ),
            Statement(
                sid="LookAtTheVpc",
                actions=[
                    "ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups",
                    "ec2:DescribeSubnets", "ec2:DescribeVpcs",
                ],
                resources=["*"],
                any_resource_because=ACTIONS_WITHOUT_RESOURCES,
            ),
            Statement(
                sid="SitInTheVpc",
                actions=["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"],
                resources=[
                    *subnets,
                    aws.arn("ec2", f"security-group/{self.security_group.id}"),
                    aws.arn("ec2", "network-interface/*"),
                ],
            ),
            Statement(
                sid="LetCodeBuildUseTheInterface",
                actions=["ec2:CreateNetworkInterfacePermission"],
                resources=[aws.arn("ec2", "network-interface/*")],
                conditions={
                    "StringEquals": {"ec2:AuthorizedService": "codebuild.amazonaws.com"},
                    "ArnEquals": {"ec2:Subnet": subnets},
                },
            ),
        )  # fmt: skip
        return role
