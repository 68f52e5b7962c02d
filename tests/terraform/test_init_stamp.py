"""A folder is initialised once for what lies in it, and again where that changes or Terraform says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from groundwork.errors import TerraformFailed
from groundwork.terraform.terraform import Terraform

# Notes what it is told, and plans nothing; a file `uninitialised` makes it say what Terraform says then, once.
PROGRAM = """#!/bin/sh
echo "$1" >>said
if [ "$1" = plan ] && [ -e uninitialised ]; then
    rm uninitialised
    echo 'Error: Required plugins are not installed; run: terraform init'
    exit 1
fi
if [ "$1" = init ] && [ -e broken ]; then exit 1; fi
if [ "$1" = show ]; then echo '{"complete": true}'; fi
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "stack"
    made.mkdir()
    document = {"terraform": {"backend": {"s3": {"bucket": "state"}}}, "resource": {}}
    (made / "cdk.tf.json").write_text(json.dumps(document))
    (made / ".terraform.lock.hcl").write_text("one")
    return made


def run(folder: Path, **environ: str) -> list[str]:
    """Plan; which commands of Terraform that took."""
    program = folder.parent / "terraform"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    said = folder / "said"
    said.unlink(missing_ok=True)
    terraform = Terraform(folder, "local-stack", program, {"PATH": "/usr/bin:/bin", **environ})
    assert terraform.plan(folder / "plan").document
    return said.read_text().split()


def test_the_second_plan_needs_no_init(folder: Path) -> None:
    assert run(folder) == ["init", "plan", "show"]
    assert run(folder) == ["plan", "show"]
    (folder / "cdk.tf.json").write_text(json.dumps({**json.loads((folder / "cdk.tf.json").read_text()), "output": {}}))
    assert run(folder) == ["plan", "show"], "resources have nothing to do with it"


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "cdk.tf.json").write_text('{"terraform": {"backend": {"s3": {"bucket": "other"}}}}'),
        lambda folder: (folder / ".terraform.lock.hcl").write_text("two"),
        lambda folder: (folder / "local_override.tf.json").write_text("{}"),
        lambda folder: (folder / ".terraform" / "groundwork-initialised").write_text(""),
    ],
    ids=["backend", "lock", "override", "torn"],
)
def test_what_init_depends_on_makes_it_run_again(folder: Path, change: Callable[[Path], object]) -> None:
    run(folder)
    change(folder)
    assert run(folder) == ["init", "plan", "show"]


def test_another_server_behind_the_profile_makes_it_run_again(folder: Path) -> None:
    run(folder, AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert run(folder, AWS_ENDPOINT_URL="http://127.0.0.1:2") == ["init", "plan", "show"]


def test_where_terraform_asks_for_it_after_all_it_runs_and_the_plan_once_more(folder: Path) -> None:
    run(folder)
    (folder / "uninitialised").touch()
    assert run(folder) == ["plan", "init", "plan", "show"]


def test_an_init_that_failed_counts_for_nothing(folder: Path) -> None:
    run(folder)
    (folder / ".terraform.lock.hcl").write_text("two")
    (folder / "broken").touch()
    with pytest.raises(TerraformFailed):
        run(folder)
    (folder / "broken").unlink()
    assert run(folder) == ["init", "plan", "show"]
