"""How often cdktf starts Terraform for a deploy and a destroy: an init reads 700 MB of providers each time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from groundwork.apply.rollout import Rollout
from groundwork.cli.plain_deploys import recording
from tests.support.planned_project import PlannedProject

pytestmark = pytest.mark.terraform

RECORDER = """#!/bin/sh
echo "$(basename "$PWD") $1" >>'{commands}'
exec '{program}' "$@"
"""


def test_each_stack_is_initialised_once_and_no_outputs_are_asked_for(project: PlannedProject, tmp_path: Path) -> None:
    commands, program = tmp_path / "commands", tmp_path / "terraform"
    program.write_text(RECORDER.format(commands=commands, program=project.workspace.tools.terraform))
    program.chmod(0o755)
    tools = project.workspace.tools
    environ = {**tools.environ, "TERRAFORM_BINARY_NAME": str(program)}
    workspace = replace(project.workspace, tools=replace(tools, terraform=program, environ=environ))
    up = project.stack("up", {"thing": {}}, outputs={"value": "known"})
    down = project.stack("down", {"it": {"input": "${data.terraform_remote_state.up.outputs.value}"}}, reads=["up"])
    project.synth()
    rollout = Rollout(workspace, [up, down], recording=recording(workspace))

    results = rollout.deploy(lambda *_: None, lambda _: None)
    assert {result.stack: dict(result.outputs) for result in results} == {up: {"value": "known"}, down: {}}
    rollout.destroy([up, down], lambda *_: None, lambda _: None)
    assert project.inputs(down) == {}

    started = [line for line in commands.read_text().splitlines() if line.split()[1] not in {"version", "-v"}]
    assert sorted(started) == sorted(f"{stack} {verb}" for stack in (up, down) for verb in ("init", "apply", "destroy"))
