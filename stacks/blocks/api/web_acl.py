"""AWS WAF in front of a REST API's stage: AWS's managed rules, a limit per address, and a log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf_cdktf_provider_aws.wafv2_web_acl import (
    Wafv2WebAcl,
    Wafv2WebAclDefaultAction,
    Wafv2WebAclDefaultActionAllow,
    Wafv2WebAclVisibilityConfig,
)
from cdktf_cdktf_provider_aws.wafv2_web_acl_association import Wafv2WebAclAssociation
from cdktf_cdktf_provider_aws.wafv2_web_acl_logging_configuration import (
    Wafv2WebAclLoggingConfiguration,
    Wafv2WebAclLoggingConfigurationRedactedFields,
    Wafv2WebAclLoggingConfigurationRedactedFieldsSingleHeader,
)
from constructs import Construct

from stacks.blocks.observability.log_group import LogGroup
from stacks.blocks.security.encryption_key import Key
from stacks.values.api import Api

# What AWS keeps up to date: addresses with a bad name, hidden ones, known exploits (Log4j among them), general attacks.
# The rules named beside a group only count: an API is called by machines, and machines live at hosting providers.
MANAGED_RULES: Mapping[str, Sequence[str]] = {
    "AWSManagedRulesAmazonIpReputationList": (),
    "AWSManagedRulesAnonymousIpList": ("HostingProviderIPList",),
    "AWSManagedRulesKnownBadInputsRuleSet": (),
    "AWSManagedRulesCommonRuleSet": (),
}
LOG_PREFIX = "aws-waf-logs-"
"""WAF writes only to log groups whose name begins so."""


class WebAcl(Construct):
    """A web ACL called `name` on the stage `resource_arn`; an address gets `values.waf_limits` in 5 minutes.

    Credentials are left out of the log. The key's policy has to let CloudWatch Logs use it for aws-waf-logs-<name>.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        resource_arn: str,
        values: Api,
        key: Key,
        managed_rules: Mapping[str, Sequence[str]] = MANAGED_RULES,
    ) -> None:
        super().__init__(scope, id_)
        limit = {
            "name": "requests-per-address",
            "priority": 0,
            "action": {"block": {}},
            "statement": {
                "rate_based_statement": {
                    "limit": values.waf_limits.requests_per_address,
                    "aggregate_key_type": "IP",
                    "evaluation_window_sec": 300,
                }
            },
            "visibility_config": _metrics("requests-per-address"),
        }
        managed = [
            {
                "name": rule,
                "priority": priority,
                "override_action": {"none": {}},
                "statement": {"managed_rule_group_statement": _managed(rule, counted)},
                "visibility_config": _metrics(rule),
            }
            for priority, (rule, counted) in enumerate(managed_rules.items(), start=1)
        ]
        self.acl = Wafv2WebAcl(
            self,
            "acl",
            name=name,
            scope="REGIONAL",
            default_action=Wafv2WebAclDefaultAction(allow=Wafv2WebAclDefaultActionAllow()),
            visibility_config=Wafv2WebAclVisibilityConfig(
                cloudwatch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True
            ),
        )
        # cdktf types a statement as Any and hands it on untranslated, so the rules are written as Terraform reads them.
        self.acl.add_override("rule", [limit, *managed])
        self.association = Wafv2WebAclAssociation(
            self, "association", resource_arn=resource_arn, web_acl_arn=self.acl.arn
        )
        self.log_group = LogGroup(self, "log", name=f"{LOG_PREFIX}{name}", key=key, retention_days=values.log_days)
        Wafv2WebAclLoggingConfiguration(
            self,
            "logging",
            resource_arn=self.acl.arn,
            log_destination_configs=[self.log_group.arn],
            redacted_fields=[
                Wafv2WebAclLoggingConfigurationRedactedFields(
                    single_header=Wafv2WebAclLoggingConfigurationRedactedFieldsSingleHeader(name=header)
                )
                for header in ("authorization", "x-api-key")
            ],
        )


def _managed(rule: str, counted: Sequence[str]) -> dict[str, object]:
    overrides = [{"name": name, "action_to_use": {"count": {}}} for name in counted]
    return {"name": rule, "vendor_name": "AWS", **({"rule_action_override": overrides} if overrides else {})}


def _metrics(name: str) -> dict[str, object]:
    return {"cloudwatch_metrics_enabled": True, "metric_name": name, "sampled_requests_enabled": True}
