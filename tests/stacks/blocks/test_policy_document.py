"""Policy statements are refused if they are too wide."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.iam.policy_document import Principal, Statement, policy_document, policy_variable

BUCKET = "arn:aws:s3:::b"


def test_a_statement_becomes_the_json_that_aws_returns() -> None:
    statement = Statement(
        sid="Read",
        principal=Principal(services=["lambda.amazonaws.com"]),
        actions=["s3:GetObject"],
        resources=[f"{BUCKET}/*"],
        conditions={"StringEquals": {"aws:SourceAccount": "111122223333", "aws:PrincipalTag/team": ["a", "b"]}},
    )
    assert json.loads(policy_document(statement)) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "s3:GetObject",
                "Resource": f"{BUCKET}/*",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": "111122223333", "aws:PrincipalTag/team": ["a", "b"]}
                },
            }
        ],
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"actions": ["*"]}, r"Some\.actions: allows \*"),
        ({"actions": ["s3:*"]}, r"Some\.actions: allows s3:\*"),
        ({"actions": []}, r"Some\.actions: is empty"),
        ({"resources": ["*"]}, r"Some\.resources: allows every resource"),
        ({"resources": ["*"], "any_resource_because": "why not"}, r"Some\.resources"),
        ({"principal": Principal(everyone=True)}, r"Some\.principal: allows everyone"),
        ({"sid": "not camel"}, r"sid: 'not camel'"),
    ],
)
def test_a_statement_that_is_too_wide_or_has_no_valid_sid_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(IllegalComposition, match=message) as refused:
        Statement(**{"sid": "Some", "actions": ["s3:GetObject"], "resources": [BUCKET], **arguments})
    assert refused.value.fix


def test_a_denial_may_name_everything() -> None:
    statement = Statement(
        sid="Never", effect="Deny", actions=["*"], resources=["*"], principal=Principal(everyone=True)
    )
    assert statement.document()["Principal"] == "*"


def test_every_resource_with_a_reason_is_accepted() -> None:
    reason = "AWS offers no resource for this action"
    statement = Statement(sid="List", actions=["s3:ListAllMyBuckets"], resources=["*"], any_resource_because=reason)
    assert reason not in policy_document(statement)


def test_a_policy_needs_statements_with_different_sids() -> None:
    statement = Statement(sid="Read", actions=["s3:GetObject"], resources=[BUCKET])
    with pytest.raises(IllegalComposition, match="Read occurs twice"):
        policy_document(statement, statement)
    with pytest.raises(IllegalComposition, match="without statements"):
        policy_document()


def test_iam_variables_are_escaped_from_terraform() -> None:
    assert policy_variable("aws:username") == "$${aws:username}"
