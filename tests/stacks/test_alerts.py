"""Alarms, findings and the trail tell people: an encrypted topic that only this account's alarms and rules use."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest

from localcloud.aws.policy import Call, Principal, permitted
from stacks.account import AccountStack
from stacks.blocks.observability.trail_alarms import BENCHMARK
from tests.support.api import synth_api
from tests.support.pipeline_roles import allowed, delivery
from tests.support.synth import only_resource, resources, synth

ACCOUNT = "111122223333"
TOPIC = f"arn:aws:sns:eu-west-2:{ACCOUNT}:acme-dev-alerts"


@cache
def account(text: str = "{}") -> Any:
    return synth(
        AccountStack, singletons={"alerts": {"emails": ["b@acme.example", "a@acme.example"]}} | json.loads(text)
    )


def test_without_the_value_nobody_is_told() -> None:
    document = synth(AccountStack)
    for kind in ("aws_sns_topic", "aws_cloudwatch_event_rule", "aws_cloudwatch_log_metric_filter"):
        assert not resources(document, kind)


def test_everybody_named_gets_a_mail_from_an_encrypted_topic() -> None:
    assert only_resource(account(), "aws_sns_topic")["kms_master_key_id"].startswith("${aws_kms_key.alerts")
    subscriptions = resources(account(), "aws_sns_topic_subscription")
    assert {(each["protocol"], each["endpoint"]) for each in subscriptions} == {
        ("email", "a@acme.example"),
        ("email", "b@acme.example"),
    }


@pytest.mark.parametrize(
    ("service", "source", "expected"),
    [
        ("cloudwatch", f"arn:aws:cloudwatch:eu-west-2:{ACCOUNT}:alarm:acme-dev-api-errors", True),
        ("events", f"arn:aws:events:eu-west-2:{ACCOUNT}:rule/acme-dev-threats", True),
        ("events", "arn:aws:events:eu-west-2:999999999999:rule/acme-dev-threats", False),
        ("cloudwatch", f"arn:aws:cloudwatch:eu-west-2:{ACCOUNT}:alarm:somebody-elses", False),
    ],
)
def test_only_alarms_and_rules_of_the_environment_publish(service: str, source: str, expected: bool) -> None:
    who = Principal(account="", arn="", service=f"{service}.amazonaws.com")
    publish = Call(who, "sns:Publish", TOPIC, {"aws:SourceArn": [source]})
    assert permitted(only_resource(account(), "aws_sns_topic_policy")["policy"], publish, owner=ACCOUNT) is expected


@pytest.mark.parametrize(
    ("service", "context", "expected"),
    [
        # SNS developer guide: EventBridge sends no aws:SourceAccount to the key of an encrypted topic.
        ("events", {}, True),
        ("cloudwatch", {"aws:SourceAccount": [ACCOUNT]}, True),
        ("cloudwatch", {"aws:SourceAccount": ["999999999999"]}, False),
        ("events", {"kms:EncryptionContext:aws:sns:topicArn": [f"{TOPIC}-other"]}, False),
    ],
)
def test_alarms_and_rules_may_encrypt_for_this_topic(
    service: str, context: dict[str, list[str]], expected: bool
) -> None:
    (policy,) = [key["policy"] for key in resources(account(), "aws_kms_key") if "RuleEncrypts" in key["policy"]]
    who = Principal(account="", arn="", service=f"{service}.amazonaws.com")
    keys = {"kms:EncryptionContext:aws:sns:topicArn": [TOPIC], **context}
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        assert permitted(policy, Call(who, action, "arn:aws:kms:::key/k", keys), owner=ACCOUNT) is expected


def test_every_event_of_the_cis_benchmark_raises_an_alarm() -> None:
    """CIS AWS Foundations Benchmark v1.4.0, 4.1 to 4.14; patterns: Security Hub, CloudWatch.1 to CloudWatch.14."""
    filters = {each["name"]: each for each in resources(account(), "aws_cloudwatch_log_metric_filter")}
    alarms = {each["alarm_name"]: each for each in resources(account(), "aws_cloudwatch_metric_alarm")}
    assert len(BENCHMARK) == 14
    assert set(filters) == set(alarms) == {f"acme-dev-cis-{name}" for name in BENCHMARK}
    for name, alarm in alarms.items():
        made = filters[name]["metric_transformation"]
        assert (made["name"], made["namespace"]) == (alarm["metric_name"], alarm["namespace"])
        assert alarm["alarm_actions"] == ["${aws_sns_topic.alerts_topic_" + _id(alarm["alarm_actions"][0]) + ".arn}"]
        assert filters[name]["log_group_name"].startswith("${aws_cloudwatch_log_group.audit")


def _id(reference: str) -> str:
    match = re.fullmatch(r"\$\{aws_sns_topic\.alerts_topic_(\w+)\.arn\}", reference)
    assert match, reference
    return match[1]


def test_findings_of_guardduty_and_access_analyzer_go_to_the_topic() -> None:
    rules = {
        each["name"]: json.loads(each["event_pattern"]) for each in resources(account(), "aws_cloudwatch_event_rule")
    }
    assert rules["acme-dev-threats"]["detail"] == {"severity": [{"numeric": [">=", 4.0]}]}
    assert rules["acme-dev-exposures"]["source"] == ["aws.access-analyzer"]
    targets = resources(account(), "aws_cloudwatch_event_target")
    assert len(targets) == 2
    assert all(target["arn"].startswith("${aws_sns_topic.alerts_topic") for target in targets)


def test_what_is_switched_off_tells_nobody() -> None:
    quiet = account(json.dumps({"trail": False, "threat_detection": False}))
    assert not resources(quiet, "aws_cloudwatch_log_metric_filter")
    assert [each["name"] for each in resources(quiet, "aws_cloudwatch_event_rule")] == ["acme-dev-exposures"]


@pytest.mark.parametrize(
    ("singletons", "notify", "expected"),
    [
        ({"alerts": {}}, [], [TOPIC]),
        ({}, [], None),
        ({"alerts": {}}, ["arn:aws:sns:eu-west-2:111122223333:mine"], ["arn:aws:sns:eu-west-2:111122223333:mine"]),
    ],
)
def test_alarms_of_the_api_go_to_the_account_s_topic(
    tmp_path: Any, singletons: dict[str, Any], notify: list[str], expected: list[str] | None
) -> None:
    document = synth_api(tmp_path, environment_singletons=singletons, alarms={"notify_arns": notify})
    for alarm in resources(document, "aws_cloudwatch_metric_alarm"):
        assert alarm.get("alarm_actions") == alarm.get("ok_actions") == expected


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sns:GetTopicAttributes", TOPIC),
        ("sns:GetSubscriptionAttributes", f"{TOPIC}:0b1c"),
        ("events:DescribeRule", f"arn:aws:events:eu-west-2:{ACCOUNT}:rule/acme-dev-threats"),
        ("events:ListTargetsByRule", f"arn:aws:events:eu-west-2:{ACCOUNT}:rule/acme-dev-threats"),
        ("logs:DescribeMetricFilters", f"arn:aws:logs:eu-west-2:{ACCOUNT}:log-group:/aws/cloudtrail/acme-dev-audit"),
    ],
)
def test_the_pipeline_sees_drift_of_alerts_and_changes_none(action: str, resource: str) -> None:
    assert allowed(delivery(), "plan", action, resource)
    for change in ("sns:SetTopicAttributes", "events:DeleteRule", "events:RemoveTargets", "logs:DeleteMetricFilter"):
        assert not allowed(delivery(), "apply", change, resource)
