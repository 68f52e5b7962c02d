"""The evaluation of resource policies: what holds for every policy."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.aws.conditions import UnsupportedCondition, arn_like, holds, like
from localcloud.aws.policy import Call, Decision, Principal, evaluate, permitted

OWNER, OTHER = "000000000001", "000000000000"
ROLE = f"arn:aws:iam::{OTHER}:role/populate"

actions = st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:*", "s3:Get*", "*"])
principals: st.SearchStrategy[Any] = st.sampled_from(
    ["*", {"AWS": "*"}, {"AWS": ROLE}, {"AWS": OTHER}, {"AWS": "999999999999"}]
)
resources = st.sampled_from(["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/k", "arn:aws:s3:::other/*"])
statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Principal": principals, "Action": actions, "Resource": resources}
)
policies = st.lists(statements, max_size=5)
text = st.text(st.characters(codec="utf-8", exclude_characters="*?"), max_size=20)


def call(account: str = OTHER, arn: str = ROLE, **context: list[str]) -> Call:
    keys = {key.replace("_", ":"): values for key, values in context.items()}
    return Call(Principal(account, arn), "s3:GetObject", "arn:aws:s3:::b/k", keys)


@given(policies)
def test_a_deny_for_all_wins_over_anything_beside_it(listed: list[dict[str, Any]]) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    assert evaluate({"Statement": [*listed, deny]}, call()) is Decision.DENIED


@given(policies)
def test_the_order_of_statements_does_not_matter(listed: list[dict[str, Any]]) -> None:
    assert evaluate({"Statement": listed}, call()) is evaluate({"Statement": listed[::-1]}, call())


@given(policies, statements)
def test_a_further_deny_never_permits_a_call(listed: list[dict[str, Any]], further: dict[str, Any]) -> None:
    if permitted({"Statement": [*listed, {**further, "Effect": "Deny"}]}, call(), owner=OWNER):
        assert permitted({"Statement": listed}, call(), owner=OWNER)


@given(policies)
def test_across_accounts_nothing_passes_without_an_allow(listed: list[dict[str, Any]]) -> None:
    denies = [{**each, "Effect": "Deny"} for each in listed]
    assert not permitted({"Statement": denies}, call(), owner=OWNER)
    assert not permitted(None, call(), owner=OWNER)


@given(text, text)
def test_a_star_stands_for_any_text_and_plain_text_for_itself(left: str, right: str) -> None:
    assert like(f"{left}*{right}", f"{left}anything{right}")
    assert like(left, right) == (left == right)


def test_without_a_policy_the_owner_is_permitted_and_nobody_anonymous() -> None:
    assert permitted(None, call(account=OWNER, arn=f"arn:aws:iam::{OWNER}:root"), owner=OWNER)
    assert not permitted(None, call(account=OWNER, arn=""), owner=OWNER)


@pytest.mark.parametrize(
    ("block", "context", "expected"),
    [
        ({"StringEquals": {"aws:PrincipalTag/team": "a"}}, {"aws:principaltag/team": ["a"]}, True),
        ({"StringEquals": {"k": ["a", "b"]}}, {"k": ["b"]}, True),
        ({"StringEquals": {"k": "a"}}, {}, False),
        ({"StringEqualsIfExists": {"k": "a"}}, {}, True),
        ({"StringNotEquals": {"k": "a"}}, {}, True),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": ["b"]}, False),
        ({"StringLike": {"k": "a/*"}}, {"k": ["a/b"]}, True),
        ({"StringNotLike": {"k": "a/*"}}, {"k": ["a/b"]}, False),
        ({"Bool": {"k": False}}, {"k": ["false"]}, True),
        ({"Bool": {"k": "true"}}, {"k": ["false"]}, False),
        ({"Null": {"k": "true"}}, {}, True),
        ({"Null": {"k": "false"}}, {}, False),
        ({"IpAddress": {"k": "10.0.0.0/8"}}, {"k": ["10.1.2.3"]}, True),
        ({"NotIpAddress": {"k": "10.0.0.0/8"}}, {"k": ["10.1.2.3"]}, False),
        ({"NumericLessThan": {"k": "10"}}, {"k": ["9"]}, True),
        ({"NumericGreaterThanEquals": {"k": "10"}}, {"k": ["9"]}, False),
        ({"DateGreaterThan": {"k": "2026-01-01T00:00:00Z"}}, {"k": ["2026-06-01T00:00:00Z"]}, True),
        ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ["a", "b"]}, True),
        ({"ForAllValues:StringEquals": {"k": ["a"]}}, {"k": ["a", "b"]}, False),
        ({"ForAnyValue:StringEquals": {"k": ["a"]}}, {"k": ["a", "b"]}, True),
        ({"ForAnyValue:StringEquals": {"k": ["a"]}}, {}, False),
        ({"StringEquals": {"k": "a"}, "Bool": {"t": "true"}}, {"k": ["a"], "t": ["false"]}, False),
    ],
)
def test_condition_operators(block: Any, context: dict[str, list[str]], expected: bool) -> None:
    assert holds(block, context) is expected


def test_an_operator_iam_does_not_have_is_an_error_not_a_guess() -> None:
    with pytest.raises(UnsupportedCondition, match="StringSimilar"):
        holds({"StringSimilar": {"k": "a"}}, {"k": ["a"]})


def test_a_star_in_an_arn_stays_within_its_part() -> None:
    assert arn_like("arn:aws:iam::*:role/x", "arn:aws:iam::123:role/x")
    assert not arn_like("arn:aws:*:role/x", "arn:aws:iam::123:role/x")


def test_a_variable_has_the_callers_value_and_an_unknown_matches_nothing() -> None:
    own = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::${aws:PrincipalAccount}/*",
    }
    mine = Call(Principal(OTHER, ROLE), "s3:GetObject", f"arn:aws:s3:::{OTHER}/k")
    assert evaluate({"Statement": own}, mine) is Decision.ALLOWED
    unknown = {**own, "Resource": "arn:aws:s3:::${aws:PrincipalTag/x}*"}
    assert evaluate({"Statement": unknown}, mine) is Decision.NEUTRAL
