"""The commands of docs/runbooks/state-restore.md restore an older state."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork.state.state_store import StateStore
from groundwork.terraform.terraform import Terraform
from tests.support.cloud_project import CloudProject, cloud_project, slow_stack
from tests.support.command_line import gw

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

STACK = "local-network"  # the runbook's example


@pytest.fixture
def cloud(tmp_path: Path, checkout: Path, synthesised: Path) -> Iterator[CloudProject]:
    """A checkout in which `gw` runs, with the committed manifest."""
    for name in ("environments", "tools", "node_modules", ".venv", "package.json"):
        if (checkout / name).exists():
            (tmp_path / name).symlink_to(checkout / name)
    shutil.copy(checkout / "cdktf.json", tmp_path)
    with cloud_project(tmp_path, checkout, Path(sys.executable)) as made:
        shutil.copy(synthesised / "manifest.json", made.project.out)
        yield made


def test_the_runbook_restores_an_older_state(cloud: CloudProject, checkout: Path) -> None:
    terraform = _applied(cloud, "first")
    _applied(cloud, "second")
    folder = cloud.stacks / STACK
    assert StateStore.of(folder, endpoint=cloud.endpoint).outputs() == {"marker": "second"}
    before = json.loads(terraform.pull())

    see, restore, compare = _commands(checkout / "docs" / "runbooks" / "state-restore.md")
    versions = json.loads(_gw(cloud, f"{see} --json"))
    assert [version["current"] for version in versions] == [True, *[False] * (len(versions) - 1)]
    assert before["serial"] == versions[0]["serial"]
    oldest_complete = next(v for v in reversed(versions) if v["resources"] and v["serial"] < before["serial"])

    refused = _run(cloud, restore.replace("VERSION", "nonsense"))
    assert (refused.returncode, "has no version nonsense" in refused.stderr) == (2, True)

    answer = _gw(cloud, restore.replace("VERSION", oldest_complete["id"]))
    assert compare == f"gw diff {STACK}"
    assert answer.strip().endswith(compare), "the command names the runbook's next step"

    restored = json.loads(terraform.pull())
    assert restored["outputs"]["marker"]["value"] == "first"
    assert restored["lineage"] == before["lineage"]
    assert restored["serial"] > before["serial"]
    planned = terraform.plan(folder / "after.tfplan").document
    assert planned["output_changes"]["marker"]["before"] == "first"
    assert len(json.loads(_gw(cloud, f"{see} --json"))) == len(versions) + 1, "the wrong version is kept"


def _applied(cloud: CloudProject, marker: str) -> Terraform:
    folder = slow_stack(cloud, "network", seconds=0, marker=marker)
    terraform = Terraform(folder, STACK, Path(cloud.program), cloud.environ)
    terraform.init("-reconfigure")
    terraform.plan(folder / "p.tfplan")
    terraform.apply(folder / "p.tfplan")
    return terraform


def _commands(runbook: Path) -> list[str]:
    """Every line of the runbook's shell blocks; the test fails when there are more than it runs."""
    return [line.strip() for line in re.findall(r"```sh\n(.*?)```", runbook.read_text(), re.DOTALL) if line.strip()]


def _gw(cloud: CloudProject, command: str) -> str:
    done = _run(cloud, command)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _run(cloud: CloudProject, command: str) -> subprocess.CompletedProcess[str]:
    program, *words = command.split()
    assert program == "gw"
    return gw(*words, cwd=cloud.project.root, environ={**cloud.environ, "COLUMNS": "200"})
