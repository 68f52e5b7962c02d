"""Copies of databases in a vault apart from them, which nobody shortens."""

from __future__ import annotations

from typing import Final

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.backup_plan import BackupPlan, BackupPlanRule, BackupPlanRuleLifecycle
from cdktf_cdktf_provider_aws.backup_selection import (
    BackupSelection,
    BackupSelectionCondition,
    BackupSelectionConditionStringEquals,
)
from cdktf_cdktf_provider_aws.backup_vault import BackupVault
from cdktf_cdktf_provider_aws.backup_vault_lock_configuration import BackupVaultLockConfiguration
from constructs import Construct

from stacks.blocks.iam.service_role import ServiceRole
from stacks.blocks.security.encryption_key import Key
from stacks.values import Names
from stacks.values.data import Backup

TAG: Final = {"backup": "daily"}
"""What is copied has this tag and that of the environment."""


class LockedVault(Construct):
    """A vault with a lock, encrypted with `key`, and a plan that copies every day what of the environment has TAG.

    Copies are snapshots. Continuous backups of RDS stay RDS's own: AWS Backup would take over the instance's backup
    settings and every plan would show them as a difference (AWS Backup developer guide, "Continuous backups and
    point-in-time recovery"). Where `names.aws` protects, the vault and what is in it are never destroyed.
    """

    def __init__(self, scope: Construct, id_: str, *, names: Names, values: Backup, key: Key) -> None:
        super().__init__(scope, id_)
        aws, name = names.aws, names.backup
        protected = TerraformResourceLifecycle(prevent_destroy=True) if aws.protect else None
        self.vault = BackupVault(
            self, "vault", name=name, kms_key_arn=key.arn, force_destroy=not aws.protect, lifecycle=protected
        )
        self.lock = BackupVaultLockConfiguration(
            self,
            "lock",
            backup_vault_name=self.vault.name,
            min_retention_days=values.keep_days,
            changeable_for_days=values.final_after_days,
            lifecycle=protected,
        )
        self.plan = BackupPlan(
            self,
            "plan",
            name=name,
            rule=[
                BackupPlanRule(
                    rule_name="daily",
                    target_vault_name=self.vault.name,
                    schedule="cron(0 3 * * ? *)",
                    lifecycle=BackupPlanRuleLifecycle(delete_after=values.keep_days),
                    recovery_point_tags={"environment": names.environment.name},
                )
            ],
        )
        self.role = ServiceRole(
            self,
            "role",
            name=names.backup,
            description=f"AWS Backup copies what {names.prefix} has tagged for it",
            service="backup.amazonaws.com",
            source_account=aws.account,
            source_arns=[aws.arn("backup", "backup-plan:*")],
        )
        # AWS keeps it in step with what each service needs; the boundary holds it to our region and services.
        permissions = self.role.attach(
            "policy", aws.managed_policy_arn("service-role/AWSBackupServiceRolePolicyForBackup")
        )
        tags = {**TAG, "environment": names.environment.name}
        self.selection = BackupSelection(
            self,
            "selection",
            name="tagged",
            plan_id=self.plan.id,
            iam_role_arn=self.role.arn,
            resources=["*"],
            # All of these have to hold, whereas one of several `selection_tag` is enough.
            condition=[
                BackupSelectionCondition(
                    string_equals=[
                        BackupSelectionConditionStringEquals(key=f"aws:ResourceTag/{tag}", value=value)
                        for tag, value in sorted(tags.items())
                    ]
                )
            ],
            depends_on=[permissions],
        )
