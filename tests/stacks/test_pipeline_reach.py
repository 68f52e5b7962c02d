"""What the stacks name is what the pipeline's roles may change and read, name by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.catalog import documents
from tests.support.pipeline_roles import ACCOUNT, REPOSITORY, allowed, delivery
from tests.support.synth import environment

HOME = f"eu-west-2:{ACCOUNT}"
# Type of resource → the argument that names it, its ARN, and an action on it for the roles that apply and that plan.
NAMED = {
    "aws_cloudwatch_log_group": ("name", f"arn:aws:logs:{HOME}:log-group:%s", "logs:CreateLogGroup",
                                 "logs:ListTagsForResource"),
    "aws_cloudwatch_metric_alarm": ("alarm_name", f"arn:aws:cloudwatch:{HOME}:alarm:%s", "cloudwatch:PutMetricAlarm",
                                    "cloudwatch:DescribeAlarms"),
    "aws_cloudwatch_dashboard": ("dashboard_name", f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/%s",
                                 "cloudwatch:PutDashboard", "cloudwatch:GetDashboard"),
    "aws_codebuild_project": ("name", f"arn:aws:codebuild:{HOME}:project/%s", "codebuild:CreateProject",
                              "codebuild:BatchGetProjects"),
    "aws_db_subnet_group": ("name", f"arn:aws:rds:{HOME}:subgrp:%s", "rds:CreateDBSubnetGroup",
                            "rds:ListTagsForResource"),
    "aws_dynamodb_table": ("name", f"arn:aws:dynamodb:{HOME}:table/%s", "dynamodb:CreateTable",
                           "dynamodb:DescribeTable"),
    "aws_eks_cluster": ("name", f"arn:aws:eks:{HOME}:cluster/%s", "eks:CreateCluster", "eks:DescribeCluster"),
    "aws_iam_role": ("name", f"arn:aws:iam::{ACCOUNT}:role/%s", "iam:UpdateAssumeRolePolicy", "iam:GetRole"),
    "aws_kms_alias": ("name", f"arn:aws:kms:{HOME}:%s", "kms:CreateAlias", ""),
    "aws_lambda_function": ("function_name", f"arn:aws:lambda:{HOME}:function:%s", "lambda:CreateFunction",
                            "lambda:GetFunction"),
    "aws_s3_bucket": ("bucket", "arn:aws:s3:::%s", "s3:CreateBucket", "s3:GetBucketPolicy"),
    "aws_secretsmanager_secret": ("name", f"arn:aws:secretsmanager:{HOME}:secret:%s-AbCdEf",
                                  "secretsmanager:CreateSecret", "secretsmanager:DescribeSecret"),
    "aws_wafv2_web_acl": ("name", f"arn:aws:wafv2:{HOME}:regional/webacl/%s/1", "wafv2:CreateWebACL",
                          "wafv2:GetWebACL"),
}  # fmt: skip
CHANGES: dict[str, Any] = {
    "singletons": {"github_repository": REPOSITORY},
    "delivery": {
        "runners": {"connection_arn": f"arn:aws:codeconnections:{HOME}:connection/1", "group": 7},
        "runner_label": None,
    },
    "api": {
        "waf": True,
        "function": {
            "source": "listings",
            "signing_profile_arns": [f"arn:aws:signer:{HOME}:/signing-profiles/release/abcdefghij"],
        },
    },
}


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str]]:
    """Type, ARN and stack of everything named in the stacks that the pipeline applies in its own account."""
    stacks = documents(tmp_path_factory.mktemp("reach"), environment(**CHANGES))
    return list(_named(stacks))


def _named(stacks: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for stack in ("network", "runners", "cluster", "api"):
        for kind, resources in stacks[f"dev-{stack}"]["resource"].items():
            for body in resources.values() if kind in NAMED else ():
                argument, arn, *_ = NAMED[kind]
                yield kind, arn % re.sub(r"\$\{[^}]*\}", "id", body[argument]), stack


@pytest.mark.parametrize("kind", sorted(NAMED))
def test_the_apply_role_may_make_what_the_stacks_name(named: list[tuple[str, str, str]], kind: str) -> None:
    """A log group called /groundwork/<prefix>/… was outside of the pattern of the pipeline's roles."""
    arns = [(arn, stack) for each, arn, stack in named if each == kind]
    assert arns
    refused = [(arn, stack) for arn, stack in arns if not allowed(delivery(**CHANGES), "apply", NAMED[kind][2], arn)]
    assert not refused


@pytest.mark.parametrize("role", ["plan", "plan-pull-request", "apply"])
def test_every_role_that_plans_may_read_what_the_stacks_name(named: list[tuple[str, str, str]], role: str) -> None:
    reading = {kind: action for kind, (*_, action) in NAMED.items() if action}
    refused = [
        arn for kind, arn, _ in named if kind in reading and not allowed(delivery(**CHANGES), role, reading[kind], arn)
    ]
    assert not refused


def test_the_apply_role_may_not_make_log_groups_of_another_environment() -> None:
    for name in ("/groundwork/acme-prod/runner", "/groundwork/acme-dev-2/x", "/aws/lambda/acme-prod-populate"):
        arn = f"arn:aws:logs:{HOME}:log-group:{name}"
        assert not allowed(delivery(), "apply", "logs:DeleteLogGroup", arn), name
