"""The same change has the same digest, and a change that differs for a reviewer has another."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from groundwork.plan import contents
from groundwork.plan.fingerprint import normalise, semantic_digest


def change(address: str, actions: list[str], **more: Any) -> dict[str, Any]:
    type_, name = address.rsplit(".", 2)[-2:]
    entry = {key: more.pop(key) for key in ("mode", "previous_address", "deposed") if key in more}
    sides = {"before": None, "after": {"input": "x"}, "after_unknown": {}, "before_sensitive": False}
    return {
        "address": address,
        "mode": "managed",
        "type": type_,
        "name": name,
        **entry,
        "change": {"actions": actions, **sides, "after_sensitive": {}, **more},
    }


def plan() -> dict[str, Any]:
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "timestamp": "2026-01-01T00:00:00Z",
        "resource_changes": [
            change("aws_db_instance.db", ["delete", "create"], replace_paths=[["name"], ["engine"]]),
            change(
                "aws_sqs_queue.queue", ["update"], before={"delay": 1}, after={"delay": 2}, after_unknown={"a": [False]}
            ),
            change("aws_s3_bucket.stays", ["no-op"], before={"arn": "a"}, after={"arn": "a"}),
            change("data.aws_ami.newest", ["read"], mode="data", after={"id": "ami-1"}),
        ],
        "output_changes": {
            "stays": {"actions": ["no-op"], "before": 1, "after": 1, "after_unknown": False},
            "new": {"actions": ["create"], "before": None, "after": [1, 2], "after_unknown": False},
        },
        "prior_state": {"values": {}},
        "configuration": {
            "provider_config": {
                "aws": {
                    "name": "aws",
                    "full_name": "registry.terraform.io/hashicorp/aws",
                    "version_constraint": "5.100.0",
                    "expressions": {"region": {"constant_value": "eu-west-2"}},
                }
            }
        },
    }


@pytest.mark.parametrize(
    "edit",
    [
        lambda p: p.update(timestamp="2027-01-01T00:00:00Z", terraform_version="1.12.0"),
        lambda p: p["resource_changes"].reverse(),
        lambda p: p["resource_changes"][0]["change"]["replace_paths"].reverse(),
        lambda p: p["resource_changes"][1]["change"].update(after_unknown={}, before_sensitive={}),
        lambda p: p["resource_changes"][2]["change"].update(before={"arn": "b"}, after={"arn": "b"}),
        lambda p: p["resource_changes"][3]["change"]["after"].update(id="ami-2"),
        lambda p: p["output_changes"].pop("stays"),
        lambda p: p["configuration"]["provider_config"]["aws"].update(version_constraint="5.99.0"),
        lambda p: p.update(prior_state={"values": {"outputs": {}}}, resource_drift=[], relevant_attributes=[]),
    ],
    ids=["time and version", "order", "order of paths", "spelling of nothing", "what stays", "data source",
         "output that stays", "provider version", "prior state"],
)  # fmt: skip
def test_what_differs_between_equal_plans_does_not_count(edit: Any) -> None:
    other = plan()
    edit(other)
    assert other != plan()
    assert semantic_digest(other) == semantic_digest(plan())


@pytest.mark.parametrize(
    "edit",
    [
        lambda p: p["resource_changes"][0]["change"].update(actions=["create", "delete"]),
        lambda p: p["resource_changes"][0]["change"]["replace_paths"].pop(),
        lambda p: p["resource_changes"][1]["change"]["after"].update(delay=3),
        lambda p: p["resource_changes"][1]["change"]["before"].update(delay=0),
        lambda p: p["resource_changes"][1]["change"].update(after_sensitive={"delay": True}),
        lambda p: p["resource_changes"][1]["change"].update(after_unknown={"url": True}),
        lambda p: p["resource_changes"][1].update(address="aws_sqs_queue.other"),
        lambda p: p["resource_changes"][2].update(previous_address="aws_s3_bucket.stood"),
        lambda p: p["resource_changes"][2]["change"].update(importing={"id": "bucket"}),
        lambda p: p["resource_changes"].pop(0),
        lambda p: p["output_changes"]["new"]["after"].reverse(),
        lambda p: p["configuration"]["provider_config"]["aws"]["expressions"].update(region={"constant_value": "us-1"}),
    ],
    ids=["order of replacement", "replacing path", "after", "before", "sensitivity", "unknown", "address", "moved",
         "imported", "resource", "list order", "region"],
)  # fmt: skip
def test_another_change_has_another_digest(edit: Any) -> None:
    other = copy.deepcopy(plan())
    edit(other)
    assert semantic_digest(other) != semantic_digest(plan())


def test_a_replacement_counts_as_add_and_destroy_and_no_op_not_at_all() -> None:
    assert set(normalise(plan())["resources"]) == {"aws_db_instance.db", "aws_sqs_queue.queue"}
    counts = contents.counts(plan())
    assert (counts.add, counts.change, counts.destroy) == (1, 1, 1)
    assert contents.outcome(plan()) == "replace"


def test_only_destroyed_resources_that_hold_data_are_protected() -> None:
    gone = plan()
    gone["resource_changes"] += [
        change("aws_s3_bucket.b", ["delete"]),
        change("aws_iam_role.r", ["delete"]),
        change('module.m.aws_dynamodb_table.t["a"]', ["create", "delete"]) | {"type": "aws_dynamodb_table"},
    ]
    assert contents.protected_destroys(gone) == (
        "aws_db_instance.db",
        "aws_s3_bucket.b",
        'module.m.aws_dynamodb_table.t["a"]',
    )


def test_the_outcome_is_change_no_change_or_destroy() -> None:
    document = plan()
    document["resource_changes"] = []
    assert contents.outcome(document) == "change", "an output changes"
    document["output_changes"].pop("new")
    assert contents.outcome(document) == "no change"
    document["resource_changes"] = [change("aws_sqs_queue.q", ["delete"])]
    assert contents.outcome(document) == "destroy"
