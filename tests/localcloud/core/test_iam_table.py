"""AWS's list of actions: what is listed by hand beside it is needed, and exists."""

from __future__ import annotations

import pytest

from localcloud.aws import iam_table, s3_calls
from localcloud.aws.iam_table import UnknownAction, action, actions_of


def test_every_action_of_s3_that_is_named_by_hand_is_in_awss_list() -> None:
    configurations = set(s3_calls._CONFIGURATIONS.values()) - {"BucketPolicyStatus", "BucketLocation"}
    named = {f"{verb}{each}" for each in configurations for verb in ("Get", "Put")}
    named |= {*s3_calls._BUCKET.values(), *s3_calls._OBJECT.values(), "GetBucketPolicyStatus", "GetBucketLocation"}
    for each in sorted(named):
        assert action(f"s3:{each}")


@pytest.mark.parametrize(("prefix", "operation"), sorted(iam_table._OTHER_NAMES))
def test_every_exception_names_what_awss_list_does_not(prefix: str, operation: str) -> None:
    privileges = iam_table._service(prefix)["privileges"]
    assert operation not in privileges
    assert not any(iam_table._documents(each, operation) for each in privileges.values())
    assert actions_of(prefix, operation)


@pytest.mark.parametrize("name", sorted(iam_table._MORE_KINDS))
def test_a_kind_is_added_only_where_awss_list_leaves_it_out(name: str) -> None:
    prefix, _, short = name.partition(":")
    listed = iam_table._service(prefix)["privileges"][short]["resource_types"]
    assert not set(iam_table._MORE_KINDS[name]) & set(listed)
    assert {kind.name for kind in action(name).kinds} >= set(iam_table._MORE_KINDS[name])


@pytest.mark.parametrize(
    ("prefix", "operation", "names"),
    [
        ("lambda", "CreateFunction", ["lambda:CreateFunction"]),
        ("lambda", "Invoke", ["lambda:InvokeFunction"]),
        ("kms", "ReEncrypt", ["kms:ReEncryptFrom", "kms:ReEncryptTo"]),
        ("sqs", "SendMessageBatch", ["sqs:SendMessage"]),
    ],
)
def test_operations_lead_to_actions_by_name_by_link_or_by_exception(
    prefix: str, operation: str, names: list[str]
) -> None:
    assert [each.name for each in actions_of(prefix, operation)] == names


def test_an_operation_that_nobody_listed_is_unknown() -> None:
    with pytest.raises(UnknownAction, match="iam:GetAccountProperties"):
        actions_of("iam", "GetAccountProperties")
