"""A stack without code is destroyed only by an approved plan, made from the bundle that was applied last."""

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
    """With states at the platform's keys, `<environment>/<stack>.tfstate`, where orphans are looked for."""
    made = replace(planned_project(tmp_path / "checkout", cloud, checkout), prefix="local")
    made.stack("delivery", {})  # open_store takes the backend from it
    return made


def approved(project: PlannedProject, *words: str) -> str:
    """Plan, push, and have somebody else approve it; returns the index's path."""
    for command in (["plan", "make", *words], ["plan", "push"], ["approve", "local", "--as", "grace", "--yes"]):
        done = project.gw(*command)
        assert done.returncode == 0, done.stderr
    return str(project.index_path)


def test_a_removed_stack_is_destroyed_by_an_approved_plan(project: PlannedProject) -> None:
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
    assert project.inputs(gone) == {"thing": "goes"}

    plans = approved(project, "--destroy", gone)
    refused = project.gw("deploy", gone, "--approved", plans)
    assert refused.returncode == 13
    assert "orphan-not-approved" in refused.stderr
    assert project.inputs(gone) == {"thing": "goes"}

    done = project.gw("deploy", gone, "--approved", plans, "--allow-destroy", gone)
    assert done.returncode == 0, done.stderr
    assert "destroyed (1 resources)" in done.stdout
    assert project.inputs(gone) == {}
    assert project.inputs(staying) == {"thing": "stays"}
    assert gone not in {row["stack"] for row in json.loads(project.gw("diff", "local", "--json").stdout)}


def test_removed_stacks_are_destroyed_readers_first(project: PlannedProject) -> None:
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
    assert (project.inputs(up), project.inputs(down)) == ({}, {})


def test_without_a_kept_bundle_a_stack_cannot_be_planned_for_destruction(project: PlannedProject) -> None:
    never = project.gw("plan", "make", "--destroy", "local-never-there")
    assert never.returncode == 2
    assert "the store has no bundle of it" in never.stderr
