"""From an ARN to the Terraform types that it may be, and to the id that `terraform import` wants for it.

Source: the "Import" section of each type in the documentation of the AWS provider 5.100, and the resource types of the
service authorization reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Arn:
    """An ARN in parts; `resource` is everything behind the account."""

    text: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def of(cls, text: str) -> Arn:
        """The parts of an ARN."""
        _, _, service, region, account, resource = text.split(":", 5)
        return cls(text, service, region, account, resource)


@dataclass(frozen=True)
class Importable:
    """`types` may be what it is, `id` is for `terraform import`, `name` is what a plan calls it (may be empty)."""

    types: tuple[str, ...]
    id: str
    name: str


_Id = Callable[[Arn, re.Match[str]], str]


def _first(_: Arn, match: re.Match[str]) -> str:
    return match[1]


def _whole(arn: Arn, _: re.Match[str]) -> str:
    return arn.text


def _joined(by: str) -> _Id:
    return lambda _, match: by.join(match.groups())


def _queue_url(arn: Arn, match: re.Match[str]) -> str:
    return f"https://sqs.{arn.region}.amazonaws.com/{arn.account}/{match[1]}"


def _parameter(_: Arn, match: re.Match[str]) -> str:
    # A name with a slash begins with one, which its ARN leaves out.
    return f"/{match[1]}" if "/" in match[1] else match[1]


def _access_entry(arn: Arn, match: re.Match[str]) -> str:
    return f"{match[1]}:arn:aws:iam::{arn.account}:{match[2]}/{match[3]}"


# Service, pattern of the resource part, Terraform types, id, and which group is the name (0 for none).
_TABLE: tuple[tuple[str, str, tuple[str, ...], _Id, int], ...] = (
    ("access-analyzer", r"analyzer/(.+)", ("aws_accessanalyzer_analyzer",), _first, 1),
    ("acm", r"certificate/(.+)", ("aws_acm_certificate",), _whole, 0),
    ("apigateway", r"/restapis/([^/]+)", ("aws_api_gateway_rest_api",), _first, 0),
    ("apigateway", r"/restapis/([^/]+)/stages/(.+)", ("aws_api_gateway_stage",), _joined("/"), 2),
    ("apigateway", r"/domainnames/(.+)", ("aws_api_gateway_domain_name",), _first, 1),
    ("apigateway", r"/apis/([^/]+)", ("aws_apigatewayv2_api",), _first, 0),
    ("cloudtrail", r"trail/(.+)", ("aws_cloudtrail",), _whole, 1),
    ("dynamodb", r"table/([^/]+)", ("aws_dynamodb_table",), _first, 1),
    ("ec2", r"elastic-ip/(.+)", ("aws_eip",), _first, 0),
    ("ec2", r"internet-gateway/(.+)", ("aws_internet_gateway",), _first, 0),
    ("ec2", r"launch-template/(.+)", ("aws_launch_template",), _first, 0),
    ("ec2", r"natgateway/(.+)", ("aws_nat_gateway",), _first, 0),
    ("ec2", r"network-acl/(.+)", ("aws_network_acl",), _first, 0),
    ("ec2", r"route-table/(.+)", ("aws_route_table",), _first, 0),
    ("ec2", r"security-group/(.+)", ("aws_security_group",), _first, 0),
    (
        "ec2",
        r"security-group-rule/(.+)",
        ("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"),
        _first,
        0,
    ),
    ("ec2", r"subnet/(.+)", ("aws_subnet",), _first, 0),
    ("ec2", r"vpc/(.+)", ("aws_vpc",), _first, 0),
    ("ec2", r"vpc-endpoint/(.+)", ("aws_vpc_endpoint",), _first, 0),
    ("ec2", r"vpc-flow-log/(.+)", ("aws_flow_log",), _first, 0),
    ("ecr", r"repository/(.+)", ("aws_ecr_repository",), _first, 1),
    ("eks", r"cluster/(.+)", ("aws_eks_cluster",), _first, 1),
    ("eks", r"nodegroup/([^/]+)/([^/]+)/.+", ("aws_eks_node_group",), _joined(":"), 2),
    ("eks", r"addon/([^/]+)/([^/]+)/.+", ("aws_eks_addon",), _joined(":"), 2),
    ("eks", r"podidentityassociation/([^/]+)/([^/]+)", ("aws_eks_pod_identity_association",), _joined(","), 0),
    ("eks", r"access-entry/([^/]+)/(role|user)/[^/]+/(.+)/[^/]+", ("aws_eks_access_entry",), _access_entry, 0),
    ("guardduty", r"detector/([^/]+)", ("aws_guardduty_detector",), _first, 0),
    ("iam", r"policy/(?:.+/)?([^/]+)", ("aws_iam_policy",), _whole, 1),
    ("iam", r"oidc-provider/(.+)", ("aws_iam_openid_connect_provider",), _whole, 0),
    ("kms", r"key/(.+)", ("aws_kms_key",), _first, 0),
    ("lambda", r"function:([^:]+)", ("aws_lambda_function",), _first, 1),
    ("logs", r"log-group:([^:]+)(?::\*)?", ("aws_cloudwatch_log_group",), _first, 1),
    ("rds", r"subgrp:(.+)", ("aws_db_subnet_group",), _first, 1),
    ("route53", r"hostedzone/(.+)", ("aws_route53_zone",), _first, 0),
    ("s3", r"([^/:]+)", ("aws_s3_bucket",), _first, 1),
    ("secretsmanager", r"secret:(.+)-[A-Za-z0-9]{6}", ("aws_secretsmanager_secret",), _whole, 1),
    ("signer", r"/signing-profiles/(.+)", ("aws_signer_signing_profile",), _first, 1),
    ("sns", r"([^:]+)", ("aws_sns_topic",), _whole, 1),
    ("sqs", r"(.+)", ("aws_sqs_queue",), _queue_url, 1),
    ("ssm", r"parameter/(.+)", ("aws_ssm_parameter",), _parameter, 1),
    ("wafv2", r"regional/webacl/([^/]+)/(.+)", ("aws_wafv2_web_acl",), lambda _, m: f"{m[2]}/{m[1]}/REGIONAL", 1),
)

# What the Resource Groups Tagging API does not list although it carries tags (its guide, "Services that support the
# Resource Groups Tagging API").
NOT_LISTED = frozenset({"aws_iam_role", "aws_iam_user", "aws_iam_instance_profile", "aws_autoscaling_group"})


def importable(arn: Arn) -> Importable | None:
    """What a resource is to Terraform; None for a kind that is not in the table."""
    for service, pattern, types, make, name in _TABLE:
        if service == arn.service and (match := re.fullmatch(pattern, arn.resource)):
            called = (_parameter(arn, match) if service == "ssm" else match[name]) if name else ""
            return Importable(types, make(arn, match), called)
    return None
