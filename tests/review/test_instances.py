"""A smaller `count` or another `for_each` destroys instances, which no attribute of the resource shows."""

from __future__ import annotations

from typing import Any

import pytest

from groundwork.review.model import Concern
from tests.review.trees import resources, risks_of

AB, A = '${toset(["a","b"])}', '${toset(["a"])}'


def risks(type_: str, before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str]]:
    trees = (resources(**{type_: {"t": {"name": "t", **meta}}}) for meta in (before, after))
    return [(risk.severity.value, risk.sentence) for risk in risks_of(*trees, Concern.DATA_LOSS)]


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        ({"count": 2}, {"count": 1}, "1 of 2 instances of aws_dynamodb_table are destroyed (keys 1)"),
        ({"count": 2}, {"count": 0}, "2 of 2 instances of aws_dynamodb_table are destroyed (keys 0, 1)"),
        ({"count": 2}, {}, "1 of 2 instances of aws_dynamodb_table are destroyed (keys 1)"),
        ({"count": 2}, {"for_each": AB}, "2 of 2 instances of aws_dynamodb_table are destroyed (keys 0, 1)"),
        ({}, {"for_each": A}, "1 of 1 instances of aws_dynamodb_table are destroyed (keys 0)"),
        ({"for_each": AB}, {"for_each": A}, '1 of 2 instances of aws_dynamodb_table are destroyed (keys "b")'),
        ({"for_each": {"a": 1, "b": 2}}, {"for_each": {"a": 1}}, '(keys "b")'),
    ],
)
def test_instances_that_go_take_their_data_along(before: dict[str, Any], after: dict[str, Any], gone: str) -> None:
    ((severity, sentence),) = risks("aws_dynamodb_table", before, after)
    assert severity == "high"
    assert gone in sentence
    assert sentence.endswith("its items with them.")


@pytest.mark.parametrize(
    ("before", "after"),
    [({"count": 1}, {"count": 2}), ({}, {"count": 1}), ({"count": 1}, {}), ({"for_each": A}, {"for_each": AB})],
)
def test_no_instance_goes_where_all_keep_their_addresses(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Terraform moves a resource without count to the first instance itself, and back."""
    assert risks("aws_dynamodb_table", before, after) == []


def test_an_expression_that_decides_is_a_risk_for_a_person_to_judge() -> None:
    ((severity, sentence),) = risks("aws_dynamodb_table", {"for_each": AB}, {"for_each": "${local.tables}"})
    assert severity == "medium"
    assert "not known here" in sentence


def test_instances_without_data_are_a_medium_risk() -> None:
    assert [severity for severity, _ in risks("aws_sns_topic", {"count": 2}, {"count": 1})] == ["medium"]
