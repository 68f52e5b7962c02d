"""EventBridge rules that send findings about the account to a topic."""

from __future__ import annotations

import json
from typing import Any

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import CloudwatchEventTarget
from constructs import Construct


class FindingRule(Construct):
    """A rule called `name`: events that match `pattern` go to the topic."""

    def __init__(
        self, scope: Construct, id_: str, *, name: str, description: str, pattern: dict[str, Any], topic_arn: str
    ) -> None:
        super().__init__(scope, id_)
        self.rule = CloudwatchEventRule(
            self, "rule", name=name, description=description, event_pattern=json.dumps(pattern, sort_keys=True)
        )
        CloudwatchEventTarget(self, "target", rule=self.rule.name, target_id="topic", arn=topic_arn)


def threats(severity: float) -> dict[str, Any]:
    """Findings of GuardDuty from a severity on (GuardDuty user guide, "Processing findings with EventBridge")."""
    return {
        "source": ["aws.guardduty"],
        "detail-type": ["GuardDuty Finding"],
        "detail": {"severity": [{"numeric": [">=", severity]}]},
    }


def exposures() -> dict[str, Any]:
    """Open findings of IAM Access Analyzer (IAM user guide, "Monitoring with Amazon EventBridge")."""
    return {
        "source": ["aws.access-analyzer"],
        "detail-type": ["Access Analyzer Finding"],
        "detail": {"status": ["ACTIVE"]},
    }
