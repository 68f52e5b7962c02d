"""Keys, buckets, log groups and roles: secure by default, and contradictory arguments are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cdktf import TerraformStack, Testing

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.iam.policy_document import Statement
from stacks.blocks.iam.service_role import ServiceRole
from stacks.blocks.observability.log_group import LogGroup
from stacks.blocks.security.encryption_key import EncryptionKey, ExistingKey, key_use, logs_key_use
from stacks.blocks.storage.private_bucket import PrivateBucket, Retention
from stacks.values import AwsScope
from tests.support.synth import only_resource, statements

ACCOUNT = "111122223333"
AWS = AwsScope(account=ACCOUNT, region="eu-west-2", protect=False)
KEY = ExistingKey(f"arn:aws:kms:eu-west-2:{ACCOUNT}:key/k")
REASON = "The contents can be made again from what is committed."


def _synth(build: Callable[[TerraformStack], object]) -> Any:
    stack = TerraformStack(Testing.app(), "s")
    build(stack)
    return json.loads(Testing.synth(stack))


def test_a_key_rotates_and_lets_iam_decide_who_uses_it() -> None:
    document = _synth(
        lambda stack: EncryptionKey(
            stack,
            "key",
            alias="alias/a",
            description="d",
            aws=AWS,
            statements=[
                key_use(sid="TopicUsesKey", services=["sns.amazonaws.com"], account=ACCOUNT),
                logs_key_use(AWS, "/aws/lambda/*"),
            ],
        )
    )
    key = only_resource(document, "aws_kms_key")
    assert key["enable_key_rotation"] is True
    policy = statements(key["policy"])
    assert set(policy) == {"AccountAdministersKey", "IamDecidesWhoUsesKey", "TopicUsesKey", "CloudWatchLogsUsesKey"}
    assert not [s for s in policy.values() if s["Action"] in ("kms:*", "*")]
    assert policy["TopicUsesKey"]["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    arn = policy["CloudWatchLogsUsesKey"]["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    assert arn == f"arn:aws:logs:eu-west-2:{ACCOUNT}:log-group:/aws/lambda/*"


def test_an_alias_without_its_prefix_is_refused() -> None:
    with pytest.raises(IllegalComposition, match="does not begin with alias/"):
        _synth(lambda stack: EncryptionKey(stack, "key", aws=AWS, alias="a", description="d"))


def _bucket(stack: TerraformStack, **changes: Any) -> PrivateBucket:
    arguments: dict[str, Any] = {
        "aws": AWS, "bucket_name": "b", "key": KEY, "log_bucket_name": "logs", "single_region_because": REASON,
    }  # fmt: skip
    return PrivateBucket(stack, "bucket", **{**arguments, **changes})


def test_uploads_use_the_bucket_s_key_and_other_keys_are_refused() -> None:
    document = _synth(_bucket)
    (rule,) = only_resource(document, "aws_s3_bucket_server_side_encryption_configuration")["rule"]
    assert rule["apply_server_side_encryption_by_default"] == {
        "sse_algorithm": "aws:kms",
        "kms_master_key_id": KEY.arn,
    }
    policy = statements(only_resource(document, "aws_s3_bucket_policy")["policy"])
    header = "s3:x-amz-server-side-encryption"
    assert policy["DenyOtherEncryption"]["Condition"] == {
        "StringNotEquals": {header: "aws:kms"},
        "Null": {header: "false"},
    }
    assert "DenyOtherKeys" in policy


def test_unfinished_uploads_never_pile_up() -> None:
    (rule,) = only_resource(_synth(_bucket), "aws_s3_bucket_lifecycle_configuration")["rule"]
    assert rule["abort_incomplete_multipart_upload"] == [{"days_after_initiation": 7}]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"aws": replace(AWS, protect=True), "disposable": True}, "disposable: a protected bucket"),
        ({"key": None, "also_known_as": ["arn"]}, "also_known_as: there is no key"),
    ],
)
def test_contradictory_arguments_of_a_bucket_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(IllegalComposition, match=message):
        _synth(lambda stack: _bucket(stack, **changes))


def test_contradictory_retention_is_refused() -> None:
    with pytest.raises(IllegalComposition, match="gone before they move"):
        Retention(expire_days=30, infrequent_access_days=30)
    with pytest.raises(IllegalComposition, match="old_versions_kept"):
        Retention(old_version_days=None, old_versions_kept=3)


def test_a_log_group_is_encrypted_and_keeps_logs_for_a_year() -> None:
    group = only_resource(_synth(lambda stack: LogGroup(stack, "logs", name="/a", key=KEY)), "aws_cloudwatch_log_group")
    assert (group["kms_key_id"], group["retention_in_days"]) == (KEY.arn, 365)


def _role(stack: TerraformStack, service: str = "lambda.amazonaws.com", source: str | None = ACCOUNT) -> ServiceRole:
    return ServiceRole(stack, "role", name="r", description="d", service=service, source_account=source)


def test_a_role_trusts_this_account_and_allows_only_what_is_listed() -> None:
    def build(stack: TerraformStack) -> None:
        _role(stack).allow("write", Statement(sid="Write", actions=["s3:PutObject"], resources=["arn:aws:s3:::b/*"]))

    document = _synth(build)
    trust = statements(only_resource(document, "aws_iam_role")["assume_role_policy"])["ServiceAssumes"]
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert set(statements(only_resource(document, "aws_iam_role_policy")["policy"])) == {"Write"}


@pytest.mark.parametrize(("service", "source"), [("lambda.amazonaws.com", None), ("ec2.amazonaws.com", ACCOUNT)])
def test_a_role_has_a_source_account_only_if_the_service_sends_one(service: str, source: str | None) -> None:
    with pytest.raises(IllegalComposition, match="source_account"):
        _synth(lambda stack: _role(stack, service, source))
