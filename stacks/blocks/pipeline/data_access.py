"""What the pipeline may read and change of databases, where an environment has some. No password, no connection."""

from __future__ import annotations

from stacks.blocks.iam.policy_document import Statement
from stacks.values import Names


def data_reads(names: Names) -> list[Statement]:
    """Statements for roles that plan: settings of databases and their parameters."""
    return [
        Statement(
            sid="FindDatabases",
            # The provider looks for an instance by its resource id, which no ARN has.
            actions=["rds:DescribeDBInstances"],
            resources=[names.aws.arn("rds", "db:*")],
        ),
        Statement(sid="TagsOfDatabases", actions=["rds:ListTagsForResource"], resources=[_instances(names)]),
        Statement(
            sid="Parameters",
            actions=["rds:DescribeDBParameterGroups", "rds:DescribeDBParameters", "rds:ListTagsForResource"],
            resources=[_parameters(names)],
        ),
    ]


def data_writes(names: Names) -> list[Statement]:
    """Statements for the role that applies.

    Sources: service authorization reference, RDS (every resource that a call names has to be allowed for it); RDS user
    guide, "Password management with Amazon RDS and AWS Secrets Manager", permissions required: RDS makes and rotates
    the secret with the caller's right, and here nobody may read it.
    """
    aws = names.aws
    return [
        Statement(
            sid="Databases",
            actions=[
                "rds:AddTagsToResource", "rds:CreateDBInstance", "rds:CreateDBSnapshot", "rds:DeleteDBInstance",
                "rds:ModifyDBInstance", "rds:RebootDBInstance", "rds:RemoveTagsFromResource",
            ],
            resources=[
                _instances(names), _parameters(names), aws.arn("rds", f"subgrp:{names.database_subnets}"),
                aws.arn("rds", f"snapshot:{names.prefix}-*"), aws.arn("rds", "og:default:*"),
            ],
        ),
        Statement(
            sid="Parameters",
            actions=[
                "rds:AddTagsToResource", "rds:CreateDBParameterGroup", "rds:DeleteDBParameterGroup",
                "rds:ModifyDBParameterGroup", "rds:RemoveTagsFromResource", "rds:ResetDBParameterGroup",
            ],
            resources=[_parameters(names)],
        ),
        Statement(
            sid="SecretsThatRdsMakes",
            actions=["secretsmanager:CreateSecret", "secretsmanager:RotateSecret", "secretsmanager:TagResource"],
            resources=[aws.arn("secretsmanager", "secret:rds!db-*")],
        ),
        Statement(
            sid="KeyOfDatabases",
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=[names.environment.keys.data or aws.arn("kms", "key/*")],
            conditions={
                "StringEquals": {"kms:ViaService": aws.endpoint("rds")},
                # A new key's tags take up to five minutes to count: until then it appears to have none.
                "StringEqualsIfExists": {"aws:ResourceTag/environment": names.environment.name},
            },
        ),
        Statement(
            sid="HandMonitoringToRds",
            actions=["iam:PassRole"],
            resources=[names.role_arn("postgres-monitoring")],
            conditions={"StringEquals": {"iam:PassedToService": "monitoring.rds.amazonaws.com"}},
        ),
    ]  # fmt: skip


def _instances(names: Names) -> str:
    return names.aws.arn("rds", f"db:{names.prefix}-*")


def _parameters(names: Names) -> str:
    return names.aws.arn("rds", f"pg:{names.prefix}-*")
