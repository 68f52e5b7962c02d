"""Who may write into the archive, decided by evaluating its policies."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from localcloud.aws.policy import Call, Principal, permitted
from stacks.archive import ArchiveStack
from stacks.blocks.errors import IllegalComposition
from stacks.blocks.storage.archive_bucket import ArchiveBucket, write_access
from stacks.values import AwsScope, Names
from tests.support.synth import environment, only_resource, resources, synth

MAIN, ARCHIVE = "111122223333", "444455556666"
AWS = AwsScope(account=ARCHIVE, region="eu-west-2", protect=False)
BUCKET = f"arn:aws:s3:::acme-dev-archive-{ARCHIVE}"
WRITER = Principal(account=MAIN, arn=f"arn:aws:iam::{MAIN}:role/acme-dev-populate")
OTHER_ROLE = Principal(account=MAIN, arn=f"arn:aws:iam::{MAIN}:role/acme-dev-cluster")
STRANGER = Principal(account="999900001111", arn="arn:aws:iam::999900001111:role/acme-dev-populate")
TLS = {"aws:SecureTransport": ["true"]}


@cache
def archive() -> Any:
    return synth(ArchiveStack)


def bucket_policy() -> str:
    (policy,) = [
        p["policy"] for p in resources(archive(), "aws_s3_bucket_policy") if "WriterAddsObjects" in p["policy"]
    ]
    return policy


def may(who: Principal, action: str, key: str, **context: list[str]) -> bool:
    call = Call(principal=who, action=action, resource=f"{BUCKET}/{key}", context={**TLS, **context})
    return permitted(bucket_policy(), call, owner=ARCHIVE)


def test_the_function_s_role_adds_objects_under_the_prefix() -> None:
    assert may(WRITER, "s3:PutObject", "records/2026/01/01/a.json")


@pytest.mark.parametrize(
    "who", [OTHER_ROLE, STRANGER], ids=["another role of the account", "the role of another account"]
)
def test_nobody_else_adds_objects(who: Principal) -> None:
    assert not may(who, "s3:PutObject", "records/a.json")


@pytest.mark.parametrize("key", ["a.json", "other/a.json", "recordsX/a.json"])
def test_the_role_adds_nothing_outside_the_prefix(key: str) -> None:
    assert not may(WRITER, "s3:PutObject", key)


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:DeleteObject", "s3:PutObjectAcl", "s3:ListBucket"])
def test_the_role_may_do_nothing_but_add(action: str) -> None:
    assert not may(WRITER, action, "records/a.json")


def test_locked_objects_cannot_be_deleted_by_anybody() -> None:
    """S3 user guide, "Object Lock": in compliance mode not even the root user deletes a locked version."""
    locked = only_resource(
        synth(ArchiveStack, protect=True, archive={"lock_days": 30}), "aws_s3_bucket_object_lock_configuration"
    )
    assert locked["rule"]["default_retention"] == {"mode": "COMPLIANCE", "days": 30}
    assert any(each.startswith("aws_s3_bucket_versioning.") for each in locked["depends_on"])
    assert not resources(synth(ArchiveStack), "aws_s3_bucket_object_lock_configuration")


def test_a_lock_in_an_environment_that_is_destroyed_raises() -> None:
    with pytest.raises(IllegalComposition, match="could not be removed") as raised:
        synth(ArchiveStack, protect=False, archive={"lock_days": 30})
    assert raised.value.key == "lock_days"


def test_plain_http_is_refused() -> None:
    call = Call(
        principal=WRITER,
        action="s3:PutObject",
        resource=f"{BUCKET}/records/a.json",
        context={"aws:SecureTransport": ["false"]},
    )
    assert not permitted(bucket_policy(), call, owner=ARCHIVE)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("s3:x-amz-server-side-encryption", "AES256"),
        ("s3:x-amz-server-side-encryption-aws-kms-key-id", f"arn:aws:kms:eu-west-2:{MAIN}:key/mine"),
        # S3 would take it for an alias of the writer's account (S3 API reference, PutObject).
        ("s3:x-amz-server-side-encryption-aws-kms-key-id", f"arn:aws:kms:eu-west-2:{ARCHIVE}:alias/acme-dev-archive"),
    ],
)
def test_an_upload_cannot_choose_another_encryption(header: str, value: str) -> None:
    assert not may(WRITER, "s3:PutObject", "records/a.json", **{header: [value]})


def test_an_upload_that_names_no_key_gets_the_bucket_s() -> None:
    assert may(WRITER, "s3:PutObject", "records/a.json")


def key_use(who: Principal, *, via: str = "s3.eu-west-2.amazonaws.com", what: str = BUCKET) -> bool:
    call = Call(
        principal=who,
        action="kms:GenerateDataKey",
        resource=f"arn:aws:kms:eu-west-2:{ARCHIVE}:key/k",
        context={"kms:ViaService": [via], "kms:EncryptionContext:aws:s3:arn": [what]},
    )
    return permitted(only_resource(archive(), "aws_kms_key")["policy"], call, owner=ARCHIVE)


def test_only_the_role_uses_the_key_and_only_through_this_bucket() -> None:
    assert key_use(WRITER)
    assert key_use(WRITER, what=f"{BUCKET}/records/a.json")
    assert not key_use(OTHER_ROLE)
    assert not key_use(WRITER, via="dynamodb.eu-west-2.amazonaws.com")
    assert not key_use(WRITER, what="arn:aws:s3:::another-bucket")


def test_the_writer_must_belong_to_the_organisation_that_a_value_names() -> None:
    document = synth(ArchiveStack, archive={"organisation_id": "o-a1b2c3d4e5"})
    policies = [policy["policy"] for policy in resources(document, "aws_s3_bucket_policy")]
    (bucket,) = [policy for policy in policies if "WriterAddsObjects" in policy]
    key = only_resource(document, "aws_kms_key")["policy"]
    through_s3 = {"kms:ViaService": ["s3.eu-west-2.amazonaws.com"], "kms:EncryptionContext:aws:s3:arn": [BUCKET]}

    def permitted_in(organisation: str) -> list[bool]:
        member = {"aws:PrincipalOrgID": [organisation]} if organisation else {}
        put = Call(WRITER, "s3:PutObject", f"{BUCKET}/records/a.json", {**TLS, **member})
        use = Call(WRITER, "kms:GenerateDataKey", f"arn:aws:kms:eu-west-2:{ARCHIVE}:key/k", {**through_s3, **member})
        return [permitted(bucket, put, owner=ARCHIVE), permitted(key, use, owner=ARCHIVE)]

    assert permitted_in("o-a1b2c3d4e5") == [True, True]
    assert permitted_in("o-zzzzzzzzzz") == permitted_in("") == [False, False]
    assert "PrincipalOrgID" not in bucket_policy(), "only if a value names it"


def test_the_stack_reads_no_other_stack() -> None:
    assert "terraform_remote_state" not in archive().get("data", {})
    assert WRITER.arn in bucket_policy()


def test_the_stack_acts_in_the_archive_account_through_its_role() -> None:
    (provider,) = archive()["provider"]["aws"]
    assert provider["allowed_account_ids"] == [ARCHIVE]
    applying, planning = (f'"arn:aws:iam::{ARCHIVE}:role/groundwork-{name}-dev"' for name in ("deploy", "plan"))
    assert provider["assume_role"] == [{"role_arn": f"${{terraform.applying ? {applying} : {planning}}}"}]


def test_the_writer_s_own_policy_names_the_same_bucket_prefix_and_key() -> None:
    add, encrypt = (statement.document() for statement in write_access(Names(environment())))
    assert (add["Action"], add["Resource"]) == ("s3:PutObject", f"{BUCKET}/records/*")
    assert encrypt["Resource"] == f"arn:aws:kms:eu-west-2:{ARCHIVE}:key/*"
    assert encrypt["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.eu-west-2.amazonaws.com"},
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/acme-dev-archive"},
    }


def test_objects_are_deleted_when_the_environment_says() -> None:
    document = synth(ArchiveStack, archive={"keep_days": 400, "infrequent_access_after_days": 30})
    (rule,) = [
        rule
        for configuration in resources(document, "aws_s3_bucket_lifecycle_configuration")
        for rule in configuration["rule"]
        if rule["expiration"] == [{"days": 400}]
    ]
    assert rule["transition"] == [{"days": 30, "storage_class": "STANDARD_IA"}]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"writer_account": ARCHIVE}, "holds the bucket itself"),
        ({"writer_role_arn": f"arn:aws:iam::{ARCHIVE}:role/x"}, f"is not a role of account {MAIN}"),
        ({"prefix": "records"}, "'records' would also open its neighbours or nothing"),
    ],
)
def test_an_impossible_writer_or_prefix_is_refused(changes: dict[str, str], sentence: str) -> None:
    from cdktf import TerraformStack, Testing

    values: dict[str, Any] = {
        "aws": AWS,
        "bucket_name": "b",
        "access_logs_name": "l",
        "alias": "alias/a",
        "prefix": "records/",
        "writer_account": MAIN,
        "writer_role_arn": WRITER.arn,
        "deployer_role_arn": f"arn:aws:iam::{ARCHIVE}:role/groundwork-deploy-dev",
    }
    with pytest.raises(IllegalComposition) as caught:
        ArchiveBucket(TerraformStack(Testing.app(), "s"), "archive", **{**values, **changes})
    assert sentence in str(caught.value)
