"""`gw diff` of stacks that read each other: against what will be there; no error that an apply makes right."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from groundwork.apply.apply import ApprovedApply
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
    index = made.push(made.plan())
    approved = ApprovedApply(made.workspace, index, made.store, lambda *_: [], "grace", lambda: datetime.now(UTC))
    approved.apply([one.stack for one in index.bundles], on_event=lambda *_: None, say=lambda _: None)
    return made


def write(
    project: PlannedProject, *, colour: str = "blue", more: dict[str, Any] | None = None, read: str = "colour"
) -> None:
    """`up` gives its colour and `more`, `down` takes what it reads of it, and `last` what `down` took."""
    project.stack("up", {"page": {"input": colour}}, outputs={"colour": "blue", **(more or {})})
    project.stack(
        "down", {"copy": {"input": READS % ("up", read)}}, outputs={"taken": READS % ("up", read)}, reads=["up"]
    )
    project.stack("last", {"copy": {"input": READS % ("down", "taken")}}, reads=["down"])


def diff(project: PlannedProject, *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = project.gw("diff", "local", "--json", *words)
    rows = {one["stack"]: one for one in json.loads(done.stdout)}
    assert not (project.root / provisional.OUT).exists(), "it names files in which outputs lie"
    return done.returncode, rows


def test_a_new_reference_to_a_stack_that_is_deployed_is_a_change_and_no_error(project: PlannedProject) -> None:
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


def test_what_only_an_apply_decides_is_waited_for_and_named(project: PlannedProject) -> None:
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


def test_an_upstream_that_changes_without_what_is_read_of_it_leaves_the_diff_as_it_was(project: PlannedProject) -> None:
    write(project, colour="green", more={"size": "large"})
    code, rows = diff(project)
    assert code == 20
    assert {stack: row["status"] for stack, row in rows.items()} == {UP: "change", DOWN: "no change", LAST: "no change"}
    assert rows[DOWN]["why"] == ""


def test_an_error_that_no_apply_makes_right_stays_one(project: PlannedProject) -> None:
    write(project, more={"size": "large"}, read="sise")
    code, rows = diff(project)
    assert code == 6
    assert rows[DOWN]["status"] == "error"
    assert "sise" in rows[DOWN]["why"]
    write(project)
