"""`gw diff` plans a stack with the outputs that its upstream will have, so that a new reference is not an error."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from groundwork.plan import provisional
from tests.support.cloud_project import CloudProject
from tests.support.planned_project import PlannedProject, planned_project

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

UP, DOWN, LAST = "local-up", "local-down", "local-last"
READS = "${data.terraform_remote_state.%s.outputs.%s}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, cloud: CloudProject, checkout: Path) -> PlannedProject:
    """Three stacks that read one after the other, deployed."""
    made = replace(planned_project(tmp_path_factory.mktemp("project") / "checkout", cloud, checkout), prefix="local")
    write(made)
    made.apply(made.push(made.plan()))
    return made


def write(
    project: PlannedProject, *, colour: str = "blue", more: dict[str, Any] | None = None, read: str = "colour"
) -> None:
    """`up` outputs its colour and `more`, `down` passes on the output `read` of it, and `last` reads that."""
    project.stack("up", {"page": {"input": colour}}, outputs={"colour": "blue", **(more or {})})
    project.stack(
        "down", {"copy": {"input": READS % ("up", read)}}, outputs={"taken": READS % ("up", read)}, reads=["up"]
    )
    project.stack("last", {"copy": {"input": READS % ("down", "taken")}}, reads=["down"])


def diff(project: PlannedProject, *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = project.gw("diff", "local", "--json", *words)
    rows = {row["stack"]: row for row in json.loads(done.stdout)}
    assert not (project.root / provisional.OUT).exists(), "it would refer to files with outputs"
    return done.returncode, rows


def test_a_diff_has_its_attributes_and_hides_what_upstreams_hide(project: PlannedProject) -> None:
    """Main's run compares its plans with them. A sensitive output is no longer marked where another stack reads it."""
    write(project)
    outputs = {"colour": {"value": "blue"}, "code": {"value": "tiger-lily", "sensitive": True}}
    project.stack("up", {"page": {"input": "blue"}}, more={"output": outputs})
    project.stack("down", {"copy": {"input": READS % ("up", "code")}}, outputs={"taken": "blue"}, reads=["up"])
    _, rows = diff(project)
    (planned,) = rows[DOWN]["attributes"]["resources"]
    assert planned["word"] == "change"
    assert [change["path"] for change in planned["resource"]["attributes"]][:1] == ["input"]
    assert "tiger-lily" not in json.dumps(rows[DOWN]["attributes"])
    assert rows[LAST]["attributes"] is None


def test_a_new_reference_to_a_deployed_stack_is_planned_as_a_change(project: PlannedProject) -> None:
    write(project, more={"size": "large"}, read="size")
    code, rows = diff(project)
    assert code == 20
    assert {stack: (row["status"], row["wave"]) for stack, row in rows.items()} == {
        UP: ("change", 0),
        DOWN: ("change", 1),
        LAST: ("change", 2),
    }
    assert '"blue" -> "large"' in rows[LAST]["text"], "through two stacks"
    assert "planned outputs" in rows[DOWN]["why"]
    assert rows[UP]["why"] == ""


def test_a_stack_waits_for_an_output_that_only_an_apply_can_tell(project: PlannedProject) -> None:
    write(project, colour="green", more={"id": "${terraform_data.other.id}"}, read="id")
    project.stack(
        "up",
        {"page": {"input": "blue"}, "other": {"input": "new"}},
        outputs={"colour": "blue", "id": "${terraform_data.other.id}"},
    )
    code, rows = diff(project)
    assert code == 21
    assert {stack: row["status"] for stack, row in rows.items()} == {UP: "change", DOWN: "waiting", LAST: "waiting"}
    assert rows[DOWN]["why"] == "waits for local-up (local-up.id unknown until then)"
    assert rows[LAST]["why"] == "waits for local-down"
    assert rows[LAST]["wave"] >= rows[DOWN]["wave"] == 1


def test_a_changed_upstream_with_the_same_outputs_changes_no_reader(project: PlannedProject) -> None:
    write(project, colour="green", more={"size": "large"})
    code, rows = diff(project)
    assert code == 20
    assert {stack: row["status"] for stack, row in rows.items()} == {UP: "change", DOWN: "no change", LAST: "no change"}
    assert rows[DOWN]["why"] == ""


def test_a_reference_to_an_unknown_output_is_an_error(project: PlannedProject) -> None:
    write(project, more={"size": "large"}, read="sise")
    code, rows = diff(project)
    assert code == 6
    assert rows[DOWN]["status"] == "error"
    assert "sise" in rows[DOWN]["why"]
    write(project)
