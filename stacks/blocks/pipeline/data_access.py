"""What the pipeline may read and change of databases, where an environment has some. No password, no connection."""

from __future__ import annotations

from stacks.blocks.iam.policy_document import Statement
from stacks.blocks.pipeline.pipeline_resources import ACTIONS_WITHOUT_RESOURCES
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
    aws, environment = names.aws, names.environment
    existing = environment.keys.data
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
            actions=["kms:Decrypt", "kms:GenerateDataKey", "kms:RetireGrant"],
            resources=[existing or aws.arn("kms", "key/*")],
            conditions={
                "StringEquals": {"kms:ViaService": [aws.endpoint("rds"), aws.endpoint("backup")]},
                # A new key's tags take up to five minutes to count: until then it appears to have none.
                **({} if existing else {"StringEqualsIfExists": {"aws:ResourceTag/environment": environment.name}}),
            },
        ),
        Statement(
            sid="HandMonitoringToRds",
            actions=["iam:PassRole"],
            resources=[names.role_arn("postgres-monitoring")],
            conditions={"StringEquals": {"iam:PassedToService": "monitoring.rds.amazonaws.com"}},
        ),
    ]  # fmt: skip


def backup_reads(names: Names) -> list[Statement]:
    """Statements for roles that plan: vault, lock, plan and selection."""
    return [
        Statement(
            sid="Backups",
            actions=[
                "backup:DescribeBackupVault", "backup:GetBackupPlan", "backup:GetBackupSelection",
                "backup:ListBackupSelections", "backup:ListTags",
            ],
            resources=[_vault(names), _backup_plans(names)],
        )
    ]  # fmt: skip


def backup_writes(names: Names) -> list[Statement]:
    """Statements for the role that applies. Where the environment is protected, no copy and no lock is removed.

    Source: AWS Backup developer guide, "Backup vault creation and deletion", required permissions.
    """
    emptying = [] if names.aws.protect else ["backup:DeleteBackupVault", "backup:DeleteBackupVaultLockConfiguration",
                                             "backup:ListRecoveryPointsByBackupVault"]  # fmt: skip
    return [
        Statement(
            sid="Backups",
            actions=[
                "backup:CreateBackupPlan", "backup:CreateBackupSelection", "backup:CreateBackupVault",
                "backup:DeleteBackupPlan", "backup:DeleteBackupSelection", "backup:PutBackupVaultLockConfiguration",
                "backup:TagResource", "backup:UntagResource", "backup:UpdateBackupPlan", *emptying,
            ],
            resources=[_vault(names), _backup_plans(names)],
        ),
        *(
            []
            if names.aws.protect
            else [
                Statement(
                    sid="EmptyVault",
                    actions=["backup:DeleteRecoveryPoint"],
                    resources=[names.aws.arn("rds", "snapshot:awsbackup:*")],
                    conditions={"StringEquals": {"aws:ResourceTag/environment": names.environment.name}},
                )
            ]
        ),
        Statement(
            sid="MakeVaults",
            actions=["backup-storage:MountCapsule"],
            resources=["*"],
            any_resource_because=ACTIONS_WITHOUT_RESOURCES,
        ),
        Statement(
            sid="HandCopiesToBackup",
            actions=["iam:PassRole"],
            resources=[names.role_arn("backup")],
            conditions={"StringEquals": {"iam:PassedToService": "backup.amazonaws.com"}},
        ),
    ]  # fmt: skip


def _vault(names: Names) -> str:
    return names.aws.arn("backup", f"backup-vault:{names.backup}")


def _backup_plans(names: Names) -> str:
    # AWS chooses their ids.
    return names.aws.arn("backup", "backup-plan:*")


def _instances(names: Names) -> str:
    return names.aws.arn("rds", f"db:{names.prefix}-*")


def _parameters(names: Names) -> str:
    return names.aws.arn("rds", f"pg:{names.prefix}-*")
