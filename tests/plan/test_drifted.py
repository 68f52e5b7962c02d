"""What counts as changed outside of Terraform, for `gw drift` and for the gate before an apply alike."""

from __future__ import annotations

from typing import Any

import pytest

from groundwork.gate import world
from groundwork.plan import drifted
from groundwork.plan.drifted import Difference

SIZE = {"actions": ["update"], "before": {"size": 1, "arn": "a"}, "after": {"size": 2, "arn": "b"}}


def plan(change: dict[str, Any], *, sets: tuple[str, ...] = (), undoes: dict[str, Any] | None = None) -> dict[str, Any]:
    resource = {"address": "a.b", "type": "a", "mode": "managed"}
    resources = [{"address": "a.b", "expressions": {name: {} for name in sets}}]
    return {
        "resource_drift": [{**resource, "change": change}],
        "resource_changes": [{**resource, "change": undoes}] if undoes else [],
        "configuration": {"root_module": {"resources": resources}},
    }


CHANGED = [Difference("a.b", ("size",), "changed")]


@pytest.mark.parametrize(
    ("plan_", "drift", "computed"),
    [
        pytest.param(plan(SIZE, sets=("size",)), CHANGED, [], id="set in the code"),
        pytest.param(
            plan(SIZE, undoes={**SIZE, "before": {"size": 2}, "after": {"size": 1}}), CHANGED, [], id="undone"
        ),
        pytest.param(
            plan({"actions": ["delete"], "before": {"size": 1}, "after": None}),
            [Difference("a.b", (), "deleted")],
            [],
            id="deleted",
        ),
        pytest.param(plan(SIZE), [], [Difference("a.b", ("arn", "size"), "changed")], id="computed by AWS"),
        pytest.param(
            plan({"actions": ["update"], "before": {"x": None}, "after": {"x": []}}), [], [], id="empty for absent"
        ),
        pytest.param(
            plan(
                {
                    "actions": ["update"],
                    "before": {"rule": [{"key": None, "by": [{"id": "", "name": "x"}]}]},
                    "after": {"rule": [{"key": False, "by": [{"name": "x"}], "tags": {}}]},
                },
                sets=("rule",),
            ),
            [],
            [],
            id="the default for null inside a block",
        ),
        pytest.param(
            plan(
                {
                    "actions": ["update"],
                    "before": {"size": [{"key": True}]},
                    "after": {"size": [{"key": False}]},
                },
                sets=("size",),
            ),
            CHANGED,
            [],
            id="switched off inside a block",
        ),
        pytest.param(plan({"actions": ["no-op"], "before": {"x": 1}, "after": {"x": 1}}), [], [], id="moved"),
    ],
)
def test_the_gate_and_gw_drift_see_the_same_drift(
    plan_: dict[str, Any], drift: list[Difference], computed: list[Difference]
) -> None:
    outside = drifted.of_plan(plan_)
    assert ([*outside.drift], [*outside.computed]) == (drift, computed)
    assert set(world.compare({}, plan_, same=False).drift) == {difference.address for difference in drift}


def test_a_drift_that_went_on_since_the_earlier_plan_is_reported_again() -> None:
    before, after = plan(SIZE, sets=("size",)), plan({**SIZE, "after": {"size": 3}}, sets=("size",))
    assert drifted.of_plan(before, since=before).drift == ()
    assert [it.address for it in drifted.of_plan(after, since=before).drift] == ["a.b"]
