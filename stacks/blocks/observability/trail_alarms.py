"""Alarms on what a trail records, as the CIS AWS Foundations Benchmark asks for (v1.4.0, section 4).

The patterns are those of AWS's Security Hub controls CloudWatch.1 to CloudWatch.14 (Security Hub user guide).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cdktf_cdktf_provider_aws.cloudwatch_log_metric_filter import (
    CloudwatchLogMetricFilter,
    CloudwatchLogMetricFilterMetricTransformation,
)
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from constructs import Construct

PERIOD = 300  # seconds


def _events(names: Sequence[str], *, source: str = "") -> str:
    """A pattern for calls by their names, of one service where `source` names it."""
    calls = " || ".join(f"($.eventName={name})" for name in names)
    return f"{{($.eventSource={source}) && ({calls})}}" if source else f"{{{calls}}}"


BENCHMARK: Final = {
    "root-user": (
        "Somebody used the root user",
        '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}',
    ),
    "unauthorised-calls": (
        "AWS refused calls for missing rights",
        '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}',
    ),
    "sign-in-without-mfa": (
        "An IAM user signed in to the console without MFA",
        '{($.eventName="ConsoleLogin") && ($.additionalEventData.MFAUsed !="Yes") && '
        '($.userIdentity.type="IAMUser") && ($.responseElements.ConsoleLogin="Success")}',
    ),
    "iam-policies": (
        "An IAM policy changed",
        _events(
            ["DeleteGroupPolicy", "DeleteRolePolicy", "DeleteUserPolicy", "PutGroupPolicy", "PutRolePolicy",
             "PutUserPolicy", "CreatePolicy", "DeletePolicy", "CreatePolicyVersion", "DeletePolicyVersion",
             "AttachRolePolicy", "DetachRolePolicy", "AttachUserPolicy", "DetachUserPolicy", "AttachGroupPolicy",
             "DetachGroupPolicy"],
            source="iam.amazonaws.com",
        ),
    ),
    "trail": (
        "CloudTrail's settings changed",
        _events(["CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"]),
    ),
    "failed-sign-ins": (
        "Somebody failed to sign in to the console",
        '{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}',
    ),
    "keys": (
        "A KMS key was disabled, or its deletion scheduled",
        _events(["DisableKey", "ScheduleKeyDeletion"], source="kms.amazonaws.com"),
    ),
    "bucket-policies": (
        "A bucket's policy or lifecycle changed",
        _events(
            ["PutBucketAcl", "PutBucketPolicy", "PutBucketCors", "PutBucketLifecycle", "PutBucketReplication",
             "DeleteBucketPolicy", "DeleteBucketCors", "DeleteBucketLifecycle", "DeleteBucketReplication"],
            source="s3.amazonaws.com",
        ),
    ),
    "config": (
        "AWS Config's settings changed",
        _events(
            ["StopConfigurationRecorder", "DeleteDeliveryChannel", "PutDeliveryChannel", "PutConfigurationRecorder"],
            source="config.amazonaws.com",
        ),
    ),
    "security-groups": (
        "A security group changed",
        _events(
            ["AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupIngress",
             "RevokeSecurityGroupEgress", "CreateSecurityGroup", "DeleteSecurityGroup"]
        ),
    ),
    "network-acls": (
        "A network ACL changed",
        _events(
            ["CreateNetworkAcl", "CreateNetworkAclEntry", "DeleteNetworkAcl", "DeleteNetworkAclEntry",
             "ReplaceNetworkAclEntry", "ReplaceNetworkAclAssociation"]
        ),
    ),
    "gateways": (
        "A gateway to other networks changed",
        _events(
            ["CreateCustomerGateway", "DeleteCustomerGateway", "AttachInternetGateway", "CreateInternetGateway",
             "DeleteInternetGateway", "DetachInternetGateway"]
        ),
    ),
    "route-tables": (
        "A route changed",
        _events(
            ["CreateRoute", "CreateRouteTable", "ReplaceRoute", "ReplaceRouteTableAssociation", "DeleteRouteTable",
             "DeleteRoute", "DisassociateRouteTable"],
            source="ec2.amazonaws.com",
        ),
    ),
    "networks": (
        "A VPC changed",
        _events(
            ["CreateVpc", "DeleteVpc", "ModifyVpcAttribute", "AcceptVpcPeeringConnection",
             "CreateVpcPeeringConnection", "DeleteVpcPeeringConnection", "RejectVpcPeeringConnection",
             "AttachClassicLinkVpc", "DetachClassicLinkVpc", "DisableVpcClassicLink", "EnableVpcClassicLink"]
        ),
    ),
}  # fmt: skip
"""Name → what an alarm says, and the pattern of the events that raise it."""


class TrailAlarms(Construct):
    """One metric filter on the trail's log group and one alarm per entry of BENCHMARK, called `<prefix>-cis-…`."""

    def __init__(self, scope: Construct, id_: str, *, prefix: str, log_group_name: str, topic_arn: str) -> None:
        super().__init__(scope, id_)
        for name, (description, pattern) in BENCHMARK.items():
            metric, namespace = f"{prefix}-cis-{name}", f"{prefix}/trail"
            CloudwatchLogMetricFilter(
                self,
                f"filter_{name}",
                name=metric,
                log_group_name=log_group_name,
                pattern=pattern,
                metric_transformation=CloudwatchLogMetricFilterMetricTransformation(
                    name=metric, namespace=namespace, value="1"
                ),
            )
            CloudwatchMetricAlarm(
                self,
                f"alarm_{name}",
                alarm_name=metric,
                alarm_description=description,
                namespace=namespace,
                metric_name=metric,
                statistic="Sum",
                period=PERIOD,
                evaluation_periods=1,
                threshold=1,
                comparison_operator="GreaterThanOrEqualToThreshold",
                treat_missing_data="notBreaching",
                alarm_actions=[topic_arn],
            )
