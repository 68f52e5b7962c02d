"""A stack that was removed from the code goes by an approved plan, made from what was applied last, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.cloud_project import CloudProject
from tests.support.planned_project import PlannedProject, planned_project

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


@pytest.fixture
def project(tmp_path: Path, cloud: CloudProject, checkout: Path) -> PlannedProject:
    """States where ours lie: `<environment>/<stack>.tfstate`."""
    made = replace(planned_project(tmp_path / "checkout", cloud, checkout), prefix="local")
    made.stack("delivery", {})  # open_store takes the backend from it
    return made


def approved(project: PlannedProject, *words: str) -> str:
    """Plan, push, and have somebody else approve it; returns the index's path."""
    for command in (["plan", "make", *words], ["plan", "push"], ["approve", "local", "--as", "grace", "--yes"]):
        done = project.gw(*command)
        assert done.returncode == 0, done.stderr
    return str(project.workspace.project.work / "plans" / "plans.json")


def test_a_removed_stack_is_planned_for_destruction_approved_and_gone(project: PlannedProject) -> None:
    staying = project.stack("kept", {"thing": {"input": "stays"}})
    gone = project.stack("gone", {"thing": {"input": "goes"}}, assets={"assets/fn.zip": "code"})
    plans = approved(project, staying, gone)
    assert project.gw("deploy", staying, gone, "--approved", plans).returncode == 0
    project.drop("gone")

    diff = project.gw("diff", "local", "--json")
    assert {row["stack"]: row["status"] for row in json.loads(diff.stdout)}[gone] == "orphaned"
    by_hand = project.gw("destroy", gone, "--yes")
    assert by_hand.returncode == 2
    assert f"gw plan make --destroy {gone}" in by_hand.stderr
    assert project.inputs_at(gone) == ["goes"]

    plans = approved(project, "--destroy", gone)
    refused = project.gw("deploy", gone, "--approved", plans)
    assert refused.returncode == 13
    assert "orphan-not-approved" in refused.stderr
    assert project.inputs_at(gone) == ["goes"]

    done = project.gw("deploy", gone, "--approved", plans, "--allow-destroy", gone)
    assert done.returncode == 0, done.stderr
    assert "destroyed (1 resources)" in done.stdout
    assert project.inputs_at(gone) == []
    assert project.inputs(staying) == {"thing": "stays"}
    assert gone not in {row["stack"] for row in json.loads(project.gw("diff", "local", "--json").stdout)}


def test_a_removed_stack_is_not_destroyed_before_a_removed_reader(project: PlannedProject) -> None:
    up = project.stack("up", {"thing": {"input": "x"}}, outputs={"value": "x"})
    down = project.stack("down", {"it": {"input": "${data.terraform_remote_state.up.outputs.value}"}}, reads=["up"])
    plans = approved(project, up, down)
    assert project.gw("deploy", up, down, "--approved", plans).returncode == 0
    for name in ("up", "down"):
        project.drop(name)
    alone = project.gw("plan", "make", "--destroy", up)
    assert alone.returncode == 7
    assert f"gw plan make --destroy {up} --destroy {down}" in alone.stderr

    plans = approved(project, "--destroy", up, "--destroy", down)
    done = project.gw("deploy", up, down, "--approved", plans, "--allow-destroy", up, "--allow-destroy", down)
    assert done.returncode == 0, done.stderr
    assert (project.inputs_at(up), project.inputs_at(down)) == ([], [])


def test_a_removed_stack_of_which_nothing_is_kept_is_explained(project: PlannedProject) -> None:
    never = project.gw("plan", "make", "--destroy", "local-never-there")
    assert never.returncode == 2
    assert "no bundle of it is kept" in never.stderr
