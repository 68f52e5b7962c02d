"""What exists once per account, whatever the number of environments in it: made by the one that owns it."""

from __future__ import annotations

from cdktf import TerraformOutput
from cdktf_cdktf_provider_aws.iam_openid_connect_provider import IamOpenidConnectProvider
from constructs import Construct

from stacks.blocks.api.api_gateway_logging import ApiGatewayLogging
from stacks.blocks.errors import IllegalComposition
from stacks.blocks.observability.alert_topic import AlertTopic
from stacks.blocks.observability.finding_rules import FindingRule, exposures, threats
from stacks.blocks.observability.trail import Trail
from stacks.blocks.observability.trail_alarms import TrailAlarms
from stacks.blocks.security.account_guards import AccessAnalyzer, DiskGuard, PasswordPolicy, ThreatDetection
from stacks.platform_stack import PlatformStack
from stacks.values import Environment
from stacks.values.accounts import Alerts


class AccountStack(PlatformStack):
    """GitHub's OIDC provider, CloudTrail, GuardDuty, Access Analyzer and account-wide defaults.

    Raises IllegalComposition for an environment that does not own its account's singletons.
    """

    is_bootstrap_stack = True

    def __init__(self, scope: Construct, environment: Environment) -> None:
        account = environment.accounts.main
        if not account.owns_singletons:
            raise IllegalComposition(
                "accounts.main.owns_singletons",
                f"is false, so another environment makes what exists once in account {account.id}",
                "leave the account stack out of this environment, or write `owns_singletons: true` here, false there",
            )
        super().__init__(scope, environment, "account")
        names, wanted = self.names, environment.singletons
        if wanted.github_repository:
            self.oidc_provider = IamOpenidConnectProvider(
                self,
                "github",
                url="https://token.actions.githubusercontent.com",
                client_id_list=["sts.amazonaws.com"],
            )
            TerraformOutput(self, "oidc_provider_arn", value=self.oidc_provider.arn)
        if wanted.trail:
            self.trail = Trail(
                self,
                "audit",
                aws=self.aws,
                name=names.of("audit"),
                alias=names.alias("audit"),
                existing_key=self.environment.keys.audit,
                bucket_name=names.bucket("audit"),
                access_logs_name=names.bucket("audit-access"),
                keep_days=wanted.trail_days,
                log_days=wanted.log_days,
                lock_days=wanted.trail_lock_days,
            )
            TerraformOutput(self, "trail_bucket", value=self.trail.bucket.bucket.id)
        if wanted.threat_detection:
            self.threat_detection = ThreatDetection(self, "threats", features=wanted.threat_features)
        if wanted.access_analyzer:
            self.access_analyzer = AccessAnalyzer(self, "exposure", name=names.of("exposure"))
        if wanted.alerts:
            self._alerts(wanted.alerts)
        if wanted.encrypt_disks:
            self.disks = DiskGuard(self, "disks")
        if wanted.password_policy:
            self.passwords = PasswordPolicy(self, "passwords")
        if wanted.api_gateway_logs_role:
            self.api_gateway_logging = ApiGatewayLogging(
                self, "api_gateway_logging", role_name=names.of("api-gateway-logs"), aws=self.aws
            )

    def _alerts(self, values: Alerts) -> None:
        names, wanted = self.names, self.environment.singletons
        topic = AlertTopic(
            self,
            "alerts",
            aws=self.aws,
            prefix=names.prefix,
            name=names.of("alerts"),
            alias=names.alias("alerts"),
            existing_key=self.environment.keys.alerts,
            emails=values.emails,
        )
        topic_arn: str = topic.topic.arn
        if values.benchmark and wanted.trail:
            TrailAlarms(self, "cis", prefix=names.prefix, log_group_name=self.trail.log_group.name, topic_arn=topic_arn)
        findings = {
            "threats": (wanted.threat_detection, "Findings of GuardDuty", threats(values.findings_from)),
            "exposures": (wanted.access_analyzer, "Open findings of IAM Access Analyzer", exposures()),
        }
        for name, (is_made, description, pattern) in findings.items():
            if is_made:
                FindingRule(
                    self,
                    f"{name}_rule",
                    name=names.of(name),
                    description=description,
                    pattern=pattern,
                    topic_arn=topic_arn,
                )
