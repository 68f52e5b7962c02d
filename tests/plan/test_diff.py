"""The result of a diff comes from Terraform's exit code and JSON, never from its text."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from groundwork.plan.bundle import Counts
from groundwork.plan.diff import StackDiff, Status, of_plan, waves
from groundwork.terraform.terraform import PlanFile, Terraform

# Each of these lines was in a value of a real plan, or is what Terraform prints for something else.
MISLEADING = """Terraform will perform the following actions:
  # terraform_data.a will be replaced, as requested
  # this node must be replaced by hand
  # terraform_data.b will no longer be managed by Terraform, but will not be destroyed
No changes. Your infrastructure matches the configuration.
Plan: 7 to add, 8 to change, 9 to destroy.
Changes to Outputs:
Error: Error acquiring the state lock
"""


class _Shown:
    """The part of Terraform that a plan file uses: it shows the plan."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def show(self, plan: Path) -> dict[str, Any]:
        return self.document


def plan(*resources: dict[str, Any], outputs: dict[str, Any] | None = None, has_changes: bool = True) -> PlanFile:
    document = {"resource_changes": list(resources), "output_changes": outputs or {}}
    return PlanFile(cast("Terraform", _Shown(document)), Path("plan"), MISLEADING, has_changes)


def resource(*actions: str, **change: Any) -> dict[str, Any]:
    return {
        "address": "terraform_data.it",
        "mode": "managed",
        "type": "terraform_data",
        "change": {"actions": list(actions), **change},
    }


@pytest.mark.parametrize(
    ("changes", "status", "counts"),
    [
        ([resource("create")], Status.CHANGED, "1 to add, 0 to change, 0 to destroy"),
        ([resource("update"), resource("no-op")], Status.CHANGED, "0 to add, 1 to change, 0 to destroy"),
        ([resource("update"), resource("delete")], Status.DESTROYS, "0 to add, 1 to change, 1 to destroy"),
        ([resource("delete", "create")], Status.REPLACES, "1 to add, 0 to change, 1 to destroy"),
        ([resource("create", "delete")], Status.REPLACES, "1 to add, 0 to change, 1 to destroy"),
        ([resource("forget")], Status.CHANGED, "0 to add, 0 to change, 0 to destroy, 1 to forget"),
        (
            [resource("no-op", importing={"id": "x"})],
            Status.CHANGED,
            "0 to add, 0 to change, 0 to destroy, 1 to import",
        ),
    ],
    ids=["create", "update", "destroy", "replace", "create first", "forget", "import"],
)
def test_status_and_counts_come_from_the_json(changes: list[dict[str, Any]], status: Status, counts: str) -> None:
    diff = of_plan("local-network", plan(*changes))
    assert (diff.status, str(diff.counts)) == (status, counts)
    assert diff.text == MISLEADING


def test_a_changed_output_alone_is_a_change() -> None:
    diff = of_plan("local-network", plan(outputs={"vpc_id": {"actions": ["create"]}}))
    assert (diff.status, diff.counts) == (Status.CHANGED, Counts(add=0, change=0, destroy=0))


def test_the_exit_code_decides_that_nothing_changes() -> None:
    assert of_plan("local-network", plan(has_changes=False)).status is Status.UNCHANGED


def test_a_change_outside_of_resources_and_outputs_is_a_change() -> None:
    assert of_plan("local-network", plan()).status is Status.CHANGED


def test_a_stack_that_reads_a_changed_stack_is_of_a_later_wave() -> None:
    diffs = [
        StackDiff("network", Status.CHANGED),
        StackDiff("cluster", Status.UNCHANGED),
        StackDiff("workloads", Status.CHANGED),
        StackDiff("api", Status.REPLACES),
        StackDiff("alarms", Status.UNCHANGED),
        StackDiff("archive", Status.CHANGED),
    ]
    reads = {"cluster": ["network"], "workloads": ["cluster"], "api": ["network"], "alarms": ["api", "cluster"]}
    assert waves(diffs, reads) == {"network": 0, "cluster": 1, "workloads": 1, "api": 1, "alarms": 2, "archive": 0}
