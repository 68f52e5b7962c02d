"""A folder is initialised once, and again when its providers or backend change or Terraform asks for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from groundwork.errors import TerraformFailed
from groundwork.terraform.terraform import Terraform

# Records its commands and plans nothing; with a file `uninitialised` it fails once as Terraform does without init.
PROGRAM = """#!/bin/sh
echo "$1" >>commands
echo "$@" >>arguments
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
    """Plan; returns the commands of Terraform that were run."""
    program = folder.parent / "terraform"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    commands = folder / "commands"
    commands.unlink(missing_ok=True)
    terraform = Terraform(folder, "local-stack", program, {"PATH": "/usr/bin:/bin", **environ})
    assert terraform.plan(folder / "plan").document
    return commands.read_text().split()


def test_the_second_plan_needs_no_init(folder: Path) -> None:
    assert run(folder) == ["init", "plan", "show"]
    assert run(folder) == ["plan", "show"]
    (folder / "cdk.tf.json").write_text(json.dumps({**json.loads((folder / "cdk.tf.json").read_text()), "output": {}}))
    assert run(folder) == ["plan", "show"], "init does not depend on resources and outputs"


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
def test_another_backend_lock_or_override_initialises_again(folder: Path, change: Callable[[Path], object]) -> None:
    run(folder)
    change(folder)
    assert run(folder) == ["init", "plan", "show"]


def test_a_provider_whose_mirror_has_moved_initialises_again(folder: Path) -> None:
    run(folder)
    link = folder / ".terraform/providers/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"
    link.parent.mkdir(parents=True)
    (folder / "mirror").mkdir()
    link.symlink_to(folder / "mirror")
    assert run(folder) == ["plan", "show"]
    (folder / "mirror").rename(folder / "elsewhere")
    assert run(folder) == ["init", "plan", "show"]


def test_a_lock_file_is_binding_and_where_none_is_terraform_writes_it(folder: Path) -> None:
    run(folder)
    (folder / ".terraform.lock.hcl").unlink()
    run(folder)
    inits = [line for line in (folder / "arguments").read_text().splitlines() if line.startswith("init")]
    assert ["-lockfile=readonly" in line for line in inits] == [True, False]


def test_another_endpoint_initialises_again(folder: Path) -> None:
    run(folder, AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert run(folder, AWS_ENDPOINT_URL="http://127.0.0.1:2") == ["init", "plan", "show"]


def test_if_terraform_asks_for_init_it_is_run_and_the_plan_repeated(folder: Path) -> None:
    run(folder)
    (folder / "uninitialised").touch()
    assert run(folder) == ["plan", "init", "plan", "show"]


def test_after_a_failed_init_the_folder_is_initialised_again(folder: Path) -> None:
    run(folder)
    (folder / ".terraform.lock.hcl").write_text("two")
    (folder / "broken").touch()
    with pytest.raises(TerraformFailed):
        run(folder)
    (folder / "broken").unlink()
    assert run(folder) == ["init", "plan", "show"]
