"""A change's cost by the table of list prices; what the table does not know is named and never counted as nothing."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from groundwork.review.model import Bill
from groundwork.review.prices import Kind, prices
from groundwork.review.render import summary
from groundwork.review.snapshot import Resource
from tests.review.real_changes import RealStacks
from tests.review.trees import resources, review, review_of

LONDON = {"provider": {"aws": [{"allowed_account_ids": ["111111111111"], "region": "eu-west-2"}]}}
GATEWAY = {"aws_nat_gateway": {"a": {"subnet_id": "a"}, "b": {"subnet_id": "b"}}}


def stack(**by_type: Any) -> dict[str, Any]:
    return {**LONDON, **resources(**by_type)}


def bill(base: dict[str, Any], head: dict[str, Any]) -> Bill:
    made = review(base, head).bill
    assert made is not None
    return made


def amounts(made: Bill) -> dict[str, tuple[int, str]]:
    return {line.type: (line.number, line.amount) for line in made.lines}


def test_what_is_added_and_removed_costs_its_price_for_a_month() -> None:
    made = bill(stack(aws_kms_key={"k": {}}), stack(**GATEWAY))
    assert amounts(made) == {"aws_nat_gateway": (2, "73.00"), "aws_kms_key": (-1, "-1.00")}
    assert {line.source.rpartition("/")[2] for line in made.lines} == {"index.json"}


@pytest.mark.parametrize(
    ("before", "after", "amount"),
    [
        ({"size": 10, "type": "gp3"}, {"size": 100, "type": "gp3"}, "8.35"),
        ({"size": 100, "type": "gp3"}, {"size": 10, "type": "gp3"}, "-8.35"),
    ],
)
def test_what_grows_or_shrinks_costs_the_difference(before: dict[str, Any], after: dict[str, Any], amount: str) -> None:
    made = bill(stack(aws_ebs_volume={"v": before}), stack(aws_ebs_volume={"v": after}))
    assert amounts(made) == {"aws_ebs_volume": (0, amount)}


def test_a_firewall_costs_its_own_price_and_that_of_each_rule() -> None:
    rules = [{"name": "a", "priority": 1}, {"name": "b", "priority": 2}]
    made = bill(stack(), stack(aws_wafv2_web_acl={"w": {"rule": rules}}))
    assert amounts(made) == {"aws_wafv2_web_acl": (1, "7.00")}
    made = bill(stack(aws_wafv2_web_acl={"w": {"rule": rules}}), stack(aws_wafv2_web_acl={"w": {"rule": rules[:1]}}))
    assert amounts(made) == {"aws_wafv2_web_acl": (0, "-1.00")}


def test_a_changed_name_costs_nothing() -> None:
    made = bill(stack(aws_kms_key={"k": {"description": "a"}}), stack(aws_kms_key={"k": {"description": "b"}}))
    assert (made.lines, made.not_priced, made.by_use) == ((), {}, {})


def test_a_renamed_resource_is_not_named() -> None:
    cluster = {"cluster_name": "a", "kafka_version": "3"}
    made = bill(stack(aws_msk_cluster={"old": cluster}), stack(aws_msk_cluster={"new": cluster}))
    assert (made.lines, made.not_priced) == ((), {})


@pytest.mark.parametrize(
    ("type_", "body"),
    [
        ("aws_msk_cluster", {"cluster_name": "a"}),
        ("aws_dynamodb_table", {"billing_mode": "PROVISIONED"}),
        ("aws_eks_node_group", {"instance_types": ["m7g.large"], "capacity_type": "ON_DEMAND"}),
        ("aws_ebs_volume", {"size": "${var.size}", "type": "gp3"}),
        ("aws_ebs_volume", {"size": 10, "type": "io2"}),
        ("aws_kms_key", {"count": "${var.n}"}),
        ("aws_cloudwatch_metric_alarm", {"metric_query": [{"id": "a"}]}),
    ],
)
def test_what_the_table_does_not_know_is_named(type_: str, body: dict[str, Any]) -> None:
    made = bill(stack(), stack(**{type_: {"x": body}}))
    assert (made.lines, made.not_priced) == ((), {type_: 1})


def test_what_is_paid_for_by_use_and_what_is_free_are_told_apart() -> None:
    free = {"aws_iam_role": {"r": {}}, "aws_vpc_endpoint": {"s3": {"vpc_endpoint_type": "Gateway"}}}
    made = bill(stack(), stack(**free, aws_lambda_function={"f": {"function_name": "f"}}))
    assert (made.lines, made.not_priced, made.by_use) == ((), {}, {"aws_lambda_function": 1})


def test_a_price_of_another_region_is_not_used() -> None:
    ireland = {"aws": [{"region": "eu-west-1"}, {"alias": "uk", "region": "eu-west-2"}]}
    keys = {"here": {"description": "k"}, "there": {"provider": "aws.uk"}}
    made = bill({"provider": ireland}, {"provider": ireland, **resources(aws_kms_key=keys)})
    assert (amounts(made), made.not_priced) == ({"aws_kms_key": (1, "1.00")}, {"aws_kms_key": 1})


def test_a_laptop_sends_no_bill() -> None:
    laptop = {"provider": {"aws": [{"allowed_account_ids": ["000000000000"], "region": "eu-west-2"}]}}
    made = bill(laptop, {**laptop, **resources(**GATEWAY, aws_msk_cluster={"m": {"cluster_name": "a"}})})
    assert (made.lines, made.not_priced) == ((), {})


def test_the_sentence_has_the_total_each_environment_and_the_date() -> None:
    base = {"dev-net": stack(), "prod-net": stack()}
    head = {
        "dev-net": stack(aws_kms_key={"k": {}}),
        "prod-net": stack(**GATEWAY, aws_msk_cluster={"m": {"cluster_name": "a"}}),
    }
    assert summary.bill(review_of(base, head)) == (
        "Cost: +74.00 USD a month (dev +1.00, prod +73.00), AWS's list prices in eu-west-2 of 2026-09-11 to "
        "2026-09-25. Not priced: 1 aws_msk_cluster."
    )


@pytest.mark.slow
@pytest.mark.xdist_group("real stacks")
def test_a_gateway_per_zone_of_the_real_network_has_its_price(stacks: RealStacks) -> None:
    made = stacks.review(stacks.change({"environments/dev.yaml": ("  nat: single", "  nat: per_zone")})).bill
    assert made is not None
    assert amounts(made) == {"aws_eip": (2, "7.30"), "aws_nat_gateway": (2, "73.00")}
    assert {line.environment for line in made.lines} == {"dev"}
    assert (made.not_priced, made.by_use) == ({}, {})


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_everything_of_the_committed_environments_is_known(environment: str, checkout: Path) -> None:
    files = sorted((checkout / "tests/golden").glob(f"{environment}-*.json"))
    assert len(files) > 5
    unknown = {
        type_
        for file in files
        for type_, by_name in json.loads(file.read_text()).get("resource", {}).items()
        for body in by_name.values()
        if prices().kind(cast("Resource", SimpleNamespace(type=type_, body=body, is_data=False))) is Kind.UNKNOWN
    }
    assert unknown == {"aws_db_instance"}, "by class, standby and gigabyte at once: reported as not priced"


def test_every_price_has_a_source_and_a_date() -> None:
    every = [price for entries in prices().by_type.values() for price in entries]
    assert len(every) > 10
    for price in every:
        assert price.source.startswith("https://"), price
        assert datetime.date(2026, 1, 1) <= datetime.date.fromisoformat(price.date), price
        assert price.month > 0, price
