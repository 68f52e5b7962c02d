"""What holds data is one table: what the review rates high is what the gate protects."""

from __future__ import annotations

import pytest

from groundwork.plan import contents
from groundwork.preflight import schema
from groundwork.review.model import Concern, Severity
from groundwork.synthesis import data_holders
from tests.review.trees import resources, risks_of


@pytest.mark.parametrize("type_", data_holders.HOLDS)
def test_review_and_gate_agree_on_what_holds_data(type_: str) -> None:
    (risk,) = risks_of(resources(**{type_: {"x": {"name": "a"}}}), {}, Concern.DATA_LOSS)
    assert risk.severity is Severity.HIGH
    gone = {"address": f"{type_}.x", "type": type_, "change": {"actions": ["delete"]}}
    assert contents.protected_destroys({"resource_changes": [gone]}) == (f"{type_}.x",)


def test_every_aws_type_that_holds_data_is_one_of_the_locked_provider() -> None:
    """Against the committed schema of the AWS provider 5.100.0: a misspelt type would protect nothing."""
    types = [type_ for type_ in data_holders.HOLDS if type_.startswith("aws_")]
    assert [type_ for type_ in types if schema.arguments(type_) is None] == []


@pytest.mark.parametrize(
    "address",
    [
        "aws_s3_bucket.x",
        "module.a.aws_s3_bucket.x[0]",
        "module.a[1].module.b-c.aws_s3_bucket.x",
        r'module.a["eu.west \"1\"]"].aws_s3_bucket.x["y.z"]',
    ],
)
def test_a_resource_in_modules_holds_the_same_data(address: str) -> None:
    assert data_holders.lost_at(address) == data_holders.lost_with("aws_s3_bucket")
    assert data_holders.lost_at(address.replace("aws_s3_bucket", "aws_iam_role")) is None
