"""The review finds access that a change grants or a protection that it removes, and nothing where neither happens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.review.model import Concern, Risk, Severity
from groundwork.review.risks.wildcards import covers
from tests.review.trees import resources, risks_of

OURS = "111122223333"
THEIRS = "999988887777"
PROVIDER = {"provider": {"aws": [{"allowed_account_ids": [OURS]}]}}


def allow(*actions: str, on: Any = "arn:aws:s3:::records/*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def role(*statements: Mapping[str, Any], name: str = "p") -> dict[str, Any]:
    return {
        **PROVIDER,
        **resources(aws_iam_role_policy={name: {"role": "${aws_iam_role.r.id}", "policy": policy(*statements)}}),
    }


def bucket(*statements: Mapping[str, Any]) -> dict[str, Any]:
    both = resources(aws_s3_bucket={"b": {}})
    if statements:
        policies = {"b": {"bucket": "${aws_s3_bucket.b.id}", "policy": policy(*statements)}}
        both["resource"]["aws_s3_bucket_policy"] = policies
    return {**PROVIDER, **both}


def trust(*principals: Any, **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principals[0]}
    if condition:
        statement["Condition"] = {"StringEquals": {key.replace("__", ":"): value for key, value in condition.items()}}
    return {**PROVIDER, **resources(aws_iam_role={"r": {"assume_role_policy": policy(statement)}})}


def access(base: Any, head: Any) -> list[Risk]:
    return risks_of(base, head, Concern.ACCESS)


def test_a_policy_with_a_number_that_terraform_fills_in_is_judged() -> None:
    """`json.dumps` of a number token leaves `${…}` without quotes, which only an apply makes JSON."""
    limit = {"Condition": {"NumericLessThan": {"s3:max-keys": 1}}}
    text = policy(allow("*", on="*", **limit)).replace('"s3:max-keys": 1', '"s3:max-keys": ${aws_db_instance.db.port}')
    head = {**PROVIDER, **resources(aws_iam_role_policy={"p": {"role": "${aws_iam_role.r.id}", "policy": text}})}
    (risk,) = access(role(allow("s3:GetObject")), head)
    assert (risk.severity, risk.sentence) == (Severity.HIGH, "The policy gains: * on every resource.")


# ── policies of identities ─────────────────────────────────────────────────────────────────────────
def test_a_gained_action_is_reported_with_resource_and_line() -> None:
    (risk,) = access(role(allow("s3:GetObject")), role(allow("s3:GetObject", "s3:PutObject")))
    assert "s3:PutObject on arn:aws:s3:::records/*" in risk.sentence
    assert risk.severity == Severity.MEDIUM
    assert risk.origin[0].file == "stacks/dev-data.py"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (allow("s3:*"), allow("s3:GetObject", "s3:PutObject")),
        (allow("s3:Get*"), allow("s3:GetObject")),
        (allow("s3:GetObject", on="*"), allow("s3:GetObject")),
        (allow("s3:GetObject", on="arn:aws:s3:::rec*"), allow("s3:GetObject")),
        (allow("S3:getobject"), allow("s3:GetObject")),
        (allow("s3:GetObject"), allow("s3:GetObject", Condition={"Bool": {"aws:SecureTransport": "true"}})),
        (
            {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"},
            {"Effect": "Allow", "NotAction": ["iam:*", "kms:*"], "Resource": "*"},
        ),
        ({"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}, allow("s3:GetObject")),
    ],
)
def test_what_a_statement_already_covers_gains_nothing(before: Any, after: Any) -> None:
    assert access(role(before), role(after)) == []


@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [
        (allow("s3:GetObject"), allow("s3:Get*"), Severity.MEDIUM),
        (allow("s3:GetObject"), allow("s3:GetObject", on="arn:aws:s3:::records*"), Severity.MEDIUM),
        (allow("s3:GetObject"), allow("s3:*"), Severity.HIGH),
        (allow("s3:GetObject"), allow("*", on="*"), Severity.HIGH),
        (allow("s3:GetObject"), allow("iam:PassRole", on="*"), Severity.HIGH),
        (allow("s3:GetObject"), {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}, Severity.HIGH),
        (
            {"Effect": "Allow", "NotAction": ["iam:*", "kms:*"], "Resource": "*"},
            {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"},
            Severity.HIGH,
        ),
        (
            {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": ["arn:aws:s3:::a", "arn:aws:s3:::b"]},
            {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": ["arn:aws:s3:::a"]},
            Severity.MEDIUM,
        ),
    ],
)
def test_a_wider_statement_is_a_risk(before: Any, after: Any, severity: Severity) -> None:
    (risk,) = access(role(before), role(after))
    assert risk.severity == severity


def test_a_statement_moved_to_another_policy_of_the_role_gains_nothing() -> None:
    first, second = allow("s3:GetObject"), allow("sqs:SendMessage", on="q")
    base, head = role(first, second), role(first)
    head["resource"]["aws_iam_role_policy"]["q"] = {"role": "${aws_iam_role.r.name}", "policy": policy(second)}
    assert access(base, head) == []


def test_the_same_statement_for_another_role_is_a_risk() -> None:
    base, head = role(allow("s3:GetObject")), role(allow("s3:GetObject"))
    other = {"role": "${aws_iam_role.other.id}", "policy": policy(allow("s3:GetObject"))}
    head["resource"]["aws_iam_role_policy"]["q"] = other
    (risk,) = access(base, head)
    assert risk.address == "aws_iam_role_policy.q"


def test_a_narrower_policy_gives_no_risk() -> None:
    assert access(role(allow("s3:*")), role(allow("s3:GetObject"))) == []


def test_a_removed_condition_is_reported() -> None:
    condition = {"StringEquals": {"aws:SourceAccount": OURS}}
    (risk,) = access(role(allow("s3:GetObject", Condition=condition)), role(allow("s3:GetObject")))
    assert "aws:sourceaccount" in risk.sentence
    assert "loses" in risk.sentence


def test_a_condition_with_more_values_is_a_risk_with_fewer_is_not() -> None:
    def limited(*accounts: str) -> dict[str, Any]:
        return role(allow("s3:GetObject", Condition={"StringEquals": {"aws:SourceAccount": list(accounts)}}))

    assert access(limited(OURS), limited(OURS, THEIRS))
    assert not access(limited(OURS, THEIRS), limited(OURS))


def test_a_removed_denial_is_high() -> None:
    deny = {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}
    (risk,) = access(role(allow("s3:GetObject"), deny), role(allow("s3:GetObject")))
    assert risk.severity == Severity.HIGH
    assert "no longer denies s3:DeleteBucket" in risk.sentence


def test_a_wider_denial_gives_no_risk() -> None:
    deny = {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}
    assert access(role(deny), role({**deny, "Action": "s3:Delete*"})) == []


def test_a_wider_boundary_is_medium() -> None:
    def bounded(*actions: str) -> dict[str, Any]:
        return resources(
            aws_iam_policy={"b": {"name": "b", "policy": policy(allow(*actions, on="*"))}},
            aws_iam_role={"r": {"permissions_boundary": "${aws_iam_policy.b.arn}"}},
        )

    (risk,) = access(bounded("s3:*"), bounded("s3:*", "iam:*"))
    assert risk.severity == Severity.MEDIUM
    assert "boundary lets through: iam:*" in risk.sentence


# ── data sources ───────────────────────────────────────────────────────────────────────────────────
def documented(*actions: str) -> dict[str, Any]:
    statement = {"actions": list(actions), "resources": ["arn:aws:s3:::records/*"], "effect": "Allow"}
    return resources(
        aws_iam_policy={"p": {"name": "p", "policy": "${data.aws_iam_policy_document.d.json}"}},
        data_aws_iam_policy_document={"d": {"statement": [statement]}},
    )


def test_a_wider_policy_document_is_reported_at_the_policy_using_it() -> None:
    (risk,) = access(documented("s3:GetObject"), documented("s3:GetObject", "s3:PutObject"))
    assert risk.address == "aws_iam_policy.p"
    assert "s3:PutObject" in risk.sentence


def test_a_policy_document_equal_to_the_json_it_replaces_gains_nothing() -> None:
    base = resources(aws_iam_policy={"p": {"name": "p", "policy": policy(allow("s3:GetObject"))}})
    assert access(base, documented("s3:GetObject")) == []


def test_a_policy_whose_content_is_not_known_is_a_risk() -> None:
    base = resources(aws_iam_policy={"p": {"policy": policy(allow("s3:GetObject"))}})
    (risk,) = access(base, resources(aws_iam_policy={"p": {"policy": '${file("p.json")}'}}))
    assert "unknown until apply" in risk.sentence


# ── trust and policies on resources ────────────────────────────────────────────────────────────────
def test_another_account_that_may_assume_the_role_is_high() -> None:
    own, foreign = f"arn:aws:iam::{OURS}:role/a", f"arn:aws:iam::{THEIRS}:role/a"
    account, trusted = access(trust({"AWS": own}), trust({"AWS": [own, foreign]}))
    assert account.sentence.startswith(f"Account {THEIRS} belongs to no environment: ")
    assert foreign in trusted.sentence
    assert account.severity == trusted.severity == Severity.HIGH


def test_a_role_of_an_account_that_is_trusted_already_gives_no_risk() -> None:
    assert access(trust({"AWS": OURS}), trust({"AWS": [OURS, f"arn:aws:iam::{OURS}:role/a"]})) == []


def test_a_service_that_may_assume_the_role_is_medium() -> None:
    base = trust({"Service": "lambda.amazonaws.com"})
    (risk,) = access(base, trust({"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}))
    assert risk.severity == Severity.MEDIUM


def test_a_trust_that_loses_its_condition_is_high() -> None:
    who = {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}
    base = trust(who, **{"token.actions.githubusercontent.com__sub": "repo:o/r:ref:refs/heads/main"})
    (risk,) = access(base, trust(who))
    assert risk.severity == Severity.HIGH
    assert "token.actions.githubusercontent.com:sub" in risk.sentence


def test_a_bucket_that_everybody_may_read_is_high() -> None:
    (risk,) = access(bucket(), bucket(allow("s3:GetObject", Principal="*")))
    assert risk.severity == Severity.HIGH
    assert "everyone" in risk.sentence


def test_removing_the_policy_of_a_bucket_removes_its_denials() -> None:
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "b", "Principal": "*"}
    (risk,) = access(bucket(deny), bucket())
    assert "no longer denies" in risk.sentence


def test_a_bucket_policy_destroyed_with_its_bucket_gives_no_risk() -> None:
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "b", "Principal": "*"}
    assert access(bucket(deny), resources(x_y={"z": {}})) == []


# ── without a document ─────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("type_", "before", "after", "severity"),
    [
        ("aws_iam_role_policy_attachment", None, {"policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}, "high"),
        ("aws_iam_role_policy_attachment", None, {"policy_arn": "arn:aws:iam::aws:policy/AWSXRayWrite"}, "medium"),
        ("aws_iam_role", {"managed_policy_arns": []}, {"managed_policy_arns": ["arn:aws:iam::aws:policy/X"]}, "medium"),
        ("aws_iam_role", {"permissions_boundary": "arn:b"}, {"permissions_boundary": None}, "high"),
        ("aws_eks_access_entry", None, {"principal_arn": "arn:x", "kubernetes_groups": ["system:masters"]}, "high"),
        ("aws_lambda_permission", None, {"principal": "*"}, "high"),
        ("aws_lambda_permission", None, {"principal": "s3.amazonaws.com", "source_arn": "arn:b"}, "low"),
        ("aws_iam_access_key", None, {"user": "u"}, "high"),
        ("aws_s3_bucket_acl", {"acl": "private"}, {"acl": "public-read"}, "high"),
        ("aws_kms_grant", {"operations": ["Encrypt"]}, {"operations": ["Encrypt", "Decrypt"]}, "medium"),
    ],
)
def test_access_without_a_policy_document_is_a_risk(type_: str, before: Any, after: Any, severity: str) -> None:
    base = resources(**{type_: {"x": before}}) if before is not None else {}
    (risk,) = access(base, resources(**{type_: {"x": after}}))
    assert risk.severity == severity
    assert access(resources(**{type_: {"x": after}}), resources(**{type_: {"x": {**after, "tags": {}}}})) == []


# ── wildcards ──────────────────────────────────────────────────────────────────────────────────────
PATTERN = st.text("ab*?", max_size=6)


@given(PATTERN, PATTERN, st.text("abc", max_size=8))
def test_a_pattern_never_covers_what_it_does_not_match(wide: str, narrow: str, word: str) -> None:
    def matches(pattern: str) -> bool:
        import re

        return re.fullmatch("".join({"*": ".*", "?": "."}.get(c, c) for c in pattern), word) is not None

    if covers(wide, narrow) and matches(narrow):
        assert matches(wide)


@given(PATTERN)
def test_every_pattern_covers_itself(pattern: str) -> None:
    assert covers(pattern, pattern)
