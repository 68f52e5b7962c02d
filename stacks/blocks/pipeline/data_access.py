"""What the pipeline may read and change of databases and their copies, where an environment has some.

No password, no connection. Sources: service authorization reference, RDS (DocumentDB answers on the same API, and every
resource that a call names has to be allowed for it).
"""

from __future__ import annotations

from stacks.blocks.iam.policy_document import Statement
from stacks.values import Names


def data_reads(names: Names) -> list[Statement]:
    """Statements for roles that plan: settings of databases, parameters, and of the vault."""
    aws, values = names.aws, names.environment.data
    statements = [
        Statement(
            sid="FindDatabases",
            # The provider looks for an instance by its resource id, which no ARN has.
            actions=["rds:DescribeDBInstances"],
            resources=[aws.arn("rds", "db:*")],
        ),
        Statement(
            sid="Databases",
            actions=[
                "rds:DescribeDBClusterParameterGroups", "rds:DescribeDBClusterParameters", "rds:DescribeDBClusters",
                "rds:DescribeDBParameterGroups", "rds:DescribeDBParameters", "rds:ListTagsForResource",
            ],
            resources=_databases(names),
        ),
    ]  # fmt: skip
    if values.documentdb:
        clusters = aws.arn("rds", "global-cluster:*", region="")
        statements.append(Statement(sid="GlobalClusters", actions=["rds:DescribeGlobalClusters"], resources=[clusters]))
    if values.backup:
        statements.append(
            Statement(
                sid="Backups",
                actions=[
                    "backup:DescribeBackupVault", "backup:GetBackupPlan", "backup:GetBackupSelection",
                    "backup:ListBackupSelections", "backup:ListTags",
                ],
                resources=_backups(names),
            )
        )  # fmt: skip
    return statements


def data_writes(names: Names) -> list[Statement]:
    """Statements for the role that applies.

    Source: RDS user guide, "Password management with Amazon RDS and AWS Secrets Manager", permissions required: RDS
    makes and rotates the secret with the caller's right, and here nobody may read it.
    """
    aws, environment = names.aws, names.environment
    values, existing = environment.data, environment.keys.data
    whats = ("DBInstance", "DBParameterGroup") if values.postgres else ()
    if values.documentdb:
        whats = (*whats, "DBCluster", "DBClusterParameterGroup", "DBInstance")
    snapshots = [aws.arn("rds", f"{kind}:{names.prefix}-*") for kind in ("snapshot", "cluster-snapshot")]
    statements = [
        Statement(
            sid="Databases",
            actions=sorted(
                {f"rds:{verb}{what}" for what in whats for verb in ("Create", "Delete", "Modify")}
                | {"rds:AddTagsToResource", "rds:RebootDBInstance", "rds:RemoveTagsFromResource"}
            ),
            resources=[
                *_databases(names),
                aws.arn("rds", f"subgrp:{names.database_subnets}"),
                aws.arn("rds", "og:default:*"),
            ],
        ),
        Statement(
            sid="LastSnapshots",
            actions=["rds:AddTagsToResource", "rds:CreateDBClusterSnapshot", "rds:CreateDBSnapshot"],
            resources=[*_databases(names), *snapshots],
        ),
        Statement(
            sid="SecretsThatRdsMakes",
            actions=["secretsmanager:CreateSecret", "secretsmanager:RotateSecret", "secretsmanager:TagResource"],
            resources=[aws.arn("secretsmanager", f"secret:rds!{kind}-*") for kind in ("db", "cluster")],
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
    ]
    if values.postgres:
        statements.append(
            Statement(
                sid="HandMonitoringToRds",
                actions=["iam:PassRole"],
                resources=[names.role_arn("postgres-monitoring")],
                conditions={"StringEquals": {"iam:PassedToService": "monitoring.rds.amazonaws.com"}},
            )
        )
    return [*statements, *(_backup_writes(names) if values.backup else ())]


def _backup_writes(names: Names) -> list[Statement]:
    """Where the environment is protected, no copy and no lock is removed.

    Source: AWS Backup developer guide, "Backup vault creation and deletion", required permissions.
    """
    vault = ["CreateBackupVault", "PutBackupVaultLockConfiguration"]
    emptying: list[Statement] = []
    if not names.aws.protect:
        vault += ["DeleteBackupVault", "DeleteBackupVaultLockConfiguration", "ListRecoveryPointsByBackupVault"]
        emptying.append(
            Statement(
                sid="EmptyVault",
                actions=["backup:DeleteRecoveryPoint"],
                resources=[names.aws.arn("rds", f"{kind}:awsbackup:*") for kind in ("snapshot", "cluster-snapshot")],
                conditions={"StringEquals": {"aws:ResourceTag/environment": names.environment.name}},
            )
        )
    plan = [f"{verb}BackupPlan" for verb in ("Create", "Delete", "Update")]
    selection = [f"{verb}BackupSelection" for verb in ("Create", "Delete")]
    return [
        Statement(
            sid="Backups",
            actions=[f"backup:{each}" for each in (*vault, *plan, *selection, "TagResource", "UntagResource")],
            resources=_backups(names),
        ),
        *emptying,
        Statement(
            sid="MakeVaults",
            actions=["backup-storage:MountCapsule"],
            resources=["*"],
            any_resource_because="AWS knows no resource for the action with which a new vault gets its key",
        ),
        Statement(
            sid="HandCopiesToBackup",
            actions=["iam:PassRole"],
            resources=[names.role_arn("backup")],
            conditions={"StringEquals": {"iam:PassedToService": "backup.amazonaws.com"}},
        ),
    ]


def _databases(names: Names) -> list[str]:
    return [names.aws.arn("rds", f"{kind}:{names.prefix}-*") for kind in ("db", "pg", "cluster", "cluster-pg")]


def _backups(names: Names) -> list[str]:
    # AWS chooses the ids of plans.
    return [names.aws.arn("backup", f"backup-vault:{names.backup}"), names.aws.arn("backup", "backup-plan:*")]
