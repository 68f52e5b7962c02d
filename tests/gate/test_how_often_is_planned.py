"""A plan takes a refresh of every resource, so none is made twice: counted at Terraform itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.gate.gated_project import GatedProject

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

COUNTING = """#!/bin/sh
[ "$1" != plan ] || pwd >> {log}
exec {program} "$@"
"""


@pytest.fixture
def counted(project: GatedProject, tmp_path: Path) -> GatedProject:
    """The project with a Terraform that writes down where it plans."""
    program = tmp_path / "terraform"
    program.write_text(COUNTING.format(log=tmp_path / "plans", program=project.cloud.program))
    program.chmod(0o755)
    tools = replace(project.workspace.tools, terraform=program)
    return replace(project, workspace=replace(project.workspace, tools=tools))


def plans(tmp_path: Path) -> Counter[str]:
    """How often each stack was planned since the last call."""
    log = tmp_path / "plans"
    folders = log.read_text().split() if log.exists() else []
    log.unlink(missing_ok=True)
    return Counter(Path(folder).name for folder in folders)


def test_a_stack_is_planned_once_and_once_more_by_the_gate_if_it_changes(counted: GatedProject, tmp_path: Path) -> None:
    same = counted.stack("same", {"thing": {"input": "as it is"}})
    counted.synth()
    counted.deploy_as_it_is(same)
    counted.commit()
    plans(tmp_path)
    counted.push_plans()
    assert plans(tmp_path) == {"local-web": 1, same: 1}
    counted.approve()
    assert [(result.stack, result.how) for result in counted.deploy()] == [
        ("local-web", "1 added, 0 changed, 0 destroyed"),
        (same, "no change"),
    ]
    assert plans(tmp_path) == {"local-web": 1}, "the gate compares only what it applies"
