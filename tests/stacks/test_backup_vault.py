"""Copies of databases: a locked vault, what goes into it, and who can empty it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.data_stack import data_stack
from tests.support.pipeline_roles import ACCOUNT, allowed, delivery
from tests.support.synth import environment, only_resource, synth

HOME = f"eu-west-2:{ACCOUNT}"
COPIED: dict[str, Any] = {"postgres": {}, "backup": {}}


@pytest.fixture(scope="module")
def copied() -> Any:
    return synth(data_stack, data=COPIED, protect=True)


def test_a_locked_and_encrypted_vault_takes_a_copy_a_day(copied: Any) -> None:
    """AWS Backup developer guide, "AWS Backup Vault Lock": governance mode, where no last day is set."""
    vault, lock = (
        only_resource(copied, "aws_backup_vault"),
        only_resource(copied, "aws_backup_vault_lock_configuration"),
    )
    assert vault["kms_key_arn"].startswith("${aws_kms_key.")
    assert (vault["force_destroy"], vault["lifecycle"]) == (False, {"prevent_destroy": True})
    assert (lock["min_retention_days"], lock["lifecycle"]) == (35, {"prevent_destroy": True})
    assert "changeable_for_days" not in lock
    (rule,) = only_resource(copied, "aws_backup_plan")["rule"]
    assert (rule["schedule"], rule["lifecycle"]) == ("cron(0 3 * * ? *)", {"delete_after": 35})
    assert "enable_continuous_backup" not in rule, "AWS Backup would take over the backup settings of RDS"


def test_a_lock_becomes_final_by_a_value() -> None:
    document = synth(data_stack, data={"postgres": {}, "backup": {"final_after_days": 7}})
    assert only_resource(document, "aws_backup_vault_lock_configuration")["changeable_for_days"] == 7


def test_what_is_copied_is_tagged_and_of_this_environment_alone(copied: Any) -> None:
    (condition,) = only_resource(copied, "aws_backup_selection")["condition"]
    assert {each["key"]: each["value"] for each in condition["string_equals"]} == {
        "aws:ResourceTag/backup": "daily",
        "aws:ResourceTag/environment": "dev",
    }
    assert only_resource(copied, "aws_db_instance")["tags"] == {"backup": "daily"}
    (provider,) = copied["provider"]["aws"]
    assert provider["default_tags"][0]["tags"]["environment"] == "dev"


VAULT = f"arn:aws:backup:{HOME}:backup-vault:acme-dev-backup"
COPY = f"arn:aws:rds:{HOME}:snapshot:awsbackup:job-1"
REMOVALS = [
    ("backup:DeleteBackupVault", VAULT),
    ("backup:DeleteBackupVaultLockConfiguration", VAULT),
    ("backup:DeleteRecoveryPoint", COPY),
]


@pytest.mark.parametrize(("action", "resource"), REMOVALS)
def test_the_pipeline_empties_only_the_vault_of_an_unprotected_environment(action: str, resource: str) -> None:
    tagged = {"aws:ResourceTag/environment": "dev"}
    assert allowed(delivery(data=COPIED), "apply", action, resource, tagged)
    assert not allowed(delivery(data=COPIED, protect=True), "apply", action, resource, tagged)
    assert not allowed(delivery(data=COPIED), "plan", action, resource, tagged)


def test_a_vault_with_nothing_to_copy_is_refused() -> None:
    with pytest.raises(ValidationError, match="backup has nothing to copy"):
        environment(data={"backup": {}})


@pytest.mark.parametrize("wrong", [{"keep_days": 0}, {"final_after_days": 2}], ids=str)
def test_what_aws_backup_refuses_is_refused(wrong: dict[str, int]) -> None:
    """AWS Backup API reference, PutBackupVaultLockConfiguration: at least 1 day, at least 3 days to change it."""
    with pytest.raises(ValidationError):
        environment(data={"postgres": {}, "backup": wrong})
