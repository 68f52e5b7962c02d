"""The state backend keeps, encrypts, locks and replicates states, and refuses contradictory values."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.waivers import waivers
from stacks.state_backend import StateBackendStack
from tests.support.synth import environment, only_resource, resources, statements, synth


@pytest.fixture(scope="module")
def plain() -> Any:
    return synth(StateBackendStack)


@pytest.fixture(scope="module")
def replicated() -> Any:
    return synth(StateBackendStack, protect=True, state={"replica_region": "eu-west-1"})


def _bucket(document: Any, kind: str, bucket: str) -> dict[str, Any]:
    """The resource of a type that configures the bucket of that name."""
    (name,) = [n for n, b in document["resource"]["aws_s3_bucket"].items() if b["bucket"] == bucket]
    (resource,) = [r for r in resources(document, kind) if r["bucket"] == f"${{aws_s3_bucket.{name}.id}}"]
    return resource


def test_state_versions_are_kept_180_days_and_the_last_ten_for_ever(plain: Any) -> None:
    versioning = _bucket(plain, "aws_s3_bucket_versioning", "acme-dev-state-111122223333")
    assert versioning["versioning_configuration"] == {"status": "Enabled"}
    (rule,) = _bucket(plain, "aws_s3_bucket_lifecycle_configuration", "acme-dev-state-111122223333")["rule"]
    assert rule["noncurrent_version_expiration"] == [{"noncurrent_days": 180, "newer_noncurrent_versions": 10}]
    assert "expiration" not in rule, "a current state must never expire"


def test_requests_over_plain_http_or_with_other_keys_are_refused(plain: Any) -> None:
    policy = statements(_bucket(plain, "aws_s3_bucket_policy", "acme-dev-state-111122223333")["policy"])
    assert policy["DenyPlainHttp"]["Effect"] == "Deny"
    assert policy["DenyPlainHttp"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    (key,) = plain["resource"]["aws_kms_key"]
    allowed = policy["DenyOtherKeys"]["Condition"]["StringNotEquals"]["s3:x-amz-server-side-encryption-aws-kms-key-id"]
    assert allowed == [f"${{aws_kms_key.{key}.arn}}", "arn:aws:kms:eu-west-2:111122223333:alias/acme-dev-state"]


def test_the_backend_writes_with_the_key_that_the_bucket_requires(plain: Any) -> None:
    backend = plain["terraform"]["backend"]["s3"]
    assert backend["kms_key_id"] == "arn:aws:kms:eu-west-2:111122223333:alias/acme-dev-state"
    assert only_resource(plain, "aws_kms_alias")["name"] == "alias/acme-dev-state"
    assert backend["bucket"] == "acme-dev-state-111122223333"
    assert backend["allowed_account_ids"] == ["111122223333"]


def test_nothing_is_public_and_the_bucket_owner_owns_every_object(plain: Any) -> None:
    assert len(resources(plain, "aws_s3_bucket")) == 2
    for block in resources(plain, "aws_s3_bucket_public_access_block"):
        switches = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
        assert all(block[switch] is True for switch in switches)
    owners = [rule["rule"]["object_ownership"] for rule in resources(plain, "aws_s3_bucket_ownership_controls")]
    assert owners == ["BucketOwnerEnforced"] * 2


def test_access_to_the_state_is_logged(plain: Any) -> None:
    assert only_resource(plain, "aws_s3_bucket_logging")["target_prefix"] == "acme-dev-state-111122223333/"


def test_the_lock_table_is_encrypted_and_can_be_restored(plain: Any) -> None:
    table = only_resource(plain, "aws_dynamodb_table")
    assert table["name"] == "acme-dev-state-locks"
    assert table["hash_key"] == "LockID"
    assert table["point_in_time_recovery"] == {"enabled": True}
    assert table["server_side_encryption"]["enabled"] is True
    assert table["deletion_protection_enabled"] is False


@pytest.mark.parametrize(
    ("locking", "tables", "table", "lockfile"),
    [
        ("dynamodb", 1, "acme-dev-state-locks", None),
        ("lockfile", 0, None, True),
        ("both", 1, "acme-dev-state-locks", True),
    ],
)
@pytest.mark.row("0.17")
def test_a_value_chooses_how_states_are_locked(
    locking: str, tables: int, table: str | None, lockfile: bool | None
) -> None:
    document = synth(StateBackendStack, state={"locking": locking})
    backend = document["terraform"]["backend"]["s3"]
    assert len(resources(document, "aws_dynamodb_table")) == tables
    assert backend.get("dynamodb_table") == table
    assert backend.get("use_lockfile") is lockfile


def test_protection_holds_in_terraform_and_in_aws(replicated: Any) -> None:
    for kind in ("aws_s3_bucket", "aws_kms_key", "aws_dynamodb_table"):
        assert all(resource["lifecycle"]["prevent_destroy"] for resource in resources(replicated, kind)), kind
    assert only_resource(replicated, "aws_dynamodb_table")["deletion_protection_enabled"] is True
    assert {bucket["force_destroy"] for bucket in resources(replicated, "aws_s3_bucket")} == {False}
    assert {key["deletion_window_in_days"] for key in resources(replicated, "aws_kms_key")} == {30}


def test_a_copy_is_kept_in_another_region_under_its_own_key(replicated: Any) -> None:
    providers = {block.get("alias"): block["region"] for block in replicated["provider"]["aws"]}
    assert providers == {None: "eu-west-2", "replica": "eu-west-1"}
    copy = _bucket(replicated, "aws_s3_bucket_versioning", "acme-dev-state-replica-111122223333")
    assert copy["provider"] == "aws.replica"
    (rule,) = only_resource(replicated, "aws_s3_bucket_replication_configuration")["rule"]
    assert rule["destination"]["bucket"] == "arn:aws:s3:::acme-dev-state-replica-111122223333"
    (elsewhere,) = [n for n, k in replicated["resource"]["aws_kms_key"].items() if k.get("provider") == "aws.replica"]
    assert rule["destination"]["encryption_configuration"] == {
        "replica_kms_key_id": f"${{aws_kms_key.{elsewhere}.arn}}"
    }
    trust = statements(only_resource(replicated, "aws_iam_role")["assume_role_policy"])["ServiceAssumes"]
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}
    assert trust["Condition"]["ArnLike"] == {"aws:SourceArn": "arn:aws:s3:::acme-dev-state-111122223333"}


def test_an_existing_key_is_used_instead_of_a_new_one() -> None:
    arn = "arn:aws:kms:eu-west-2:111122223333:key/11111111-2222-3333-4444-555555555555"
    document = synth(StateBackendStack, state={"key_arn": arn})
    assert resources(document, "aws_kms_key") == []
    assert document["terraform"]["backend"]["s3"]["kms_key_id"] == arn
    assert only_resource(document, "aws_dynamodb_table")["server_side_encryption"]["kms_key_arn"] == arn


def test_a_copy_in_the_same_region_is_refused() -> None:
    with pytest.raises(IllegalComposition, match=r"state\.replica_region: eu-west-2 is the region of the state itself"):
        synth(StateBackendStack, state={"replica_region": "eu-west-2"})


def test_the_finding_about_one_region_is_waived_only_without_a_copy() -> None:
    from cdktf import Testing

    def waived(**state: Any) -> set[str]:
        stack = StateBackendStack(Testing.app(), environment(state=state))
        bucket = f"aws_s3_bucket.{stack.bucket.bucket.friendly_unique_id}"
        return {waiver.check for waiver in waivers(stack) if waiver.address == bucket}

    assert "CKV_AWS_144" in waived()
    assert "CKV_AWS_144" not in waived(replica_region="eu-west-1")
