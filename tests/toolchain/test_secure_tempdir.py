"""Planned outputs may be secret: only their owner can read them, and they are deleted soon."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from groundwork.plan.provisional import OUT
from groundwork.plan.run_plans import Plans
from groundwork.toolchain import secure_tempdir
from tests.support.planned_project import PlannedProject

CANARY = "canary-" + "51c2e7"


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fake file system in memory."""
    made = tmp_path / "memory"
    made.mkdir()
    monkeypatch.setattr(secure_tempdir, "_IN_MEMORY", (made,))
    return made


def test_only_the_owner_can_open_the_folder_and_it_is_deleted_afterwards(memory: Path) -> None:
    with secure_tempdir.secure_tempdir() as made:
        assert stat.S_IMODE(made.stat().st_mode) == 0o700
        assert made.parent == memory
    assert list(memory.iterdir()) == []
    with pytest.raises(KeyboardInterrupt), secure_tempdir.secure_tempdir():
        raise KeyboardInterrupt
    assert list(memory.iterdir()) == []


def test_the_next_process_deletes_what_a_killed_one_left_and_only_that(memory: Path) -> None:
    def stay() -> None:
        with secure_tempdir.secure_tempdir() as made:
            (made / "secret").write_text(CANARY)
            time.sleep(60)

    process = multiprocessing.get_context("fork").Process(target=stay)
    process.start()
    left = _wait_for(memory.glob, "*/secret").parent
    with secure_tempdir.secure_tempdir():
        assert left.exists(), "its process lives"
    process.kill()
    process.join()
    (memory / "of-another-program").mkdir()
    with secure_tempdir.secure_tempdir():
        assert not left.exists()
    assert [path.name for path in memory.iterdir()] == ["of-another-program"]


def _wait_for(glob, pattern: str) -> Path:  # type: ignore[no-untyped-def]
    until = time.monotonic() + 90
    while time.monotonic() < until:
        if path := next(iter(glob(pattern)), None):
            return Path(path)
        time.sleep(0.05)
    raise AssertionError(pattern)


def _secret_stacks(project: PlannedProject) -> None:
    secret = {"variable": {"password": {"default": CANARY, "sensitive": True}}}
    project.stack(
        "up",
        {"thing": {"input": "x"}},
        more={**secret, "output": {"value": {"value": "${var.password}", "sensitive": True}}},
    )
    project.stack("down", {"it": {"input": "${data.terraform_remote_state.up.outputs.value}"}}, reads=["up"])


def _holding(root: Path, *, but: str) -> Iterator[Path]:
    for path in root.rglob("*"):
        if (
            path.is_file()
            and not path.is_symlink()
            and but not in path.as_posix()
            and CANARY.encode() in path.read_bytes()
        ):
            yield path


@pytest.mark.terraform
@pytest.mark.slow
def test_a_sensitive_planned_output_is_in_no_file_afterwards(project: PlannedProject, memory: Path) -> None:
    _secret_stacks(project)
    plans = project.plans()
    assert [(plan.bundle.stack, plan.bundle.provisional) for plan in plans.made] == [
        ("local-up", False),
        ("local-down", True),
    ]
    assert list(memory.iterdir()) == []
    assert not (project.root / OUT).exists()
    (project.root / "stacks.json").unlink()  # the test's own Python holds it as a default
    assert list(_holding(project.root, but="stacks/local-up/")) == []
    assert all(CANARY not in plan.bundle.model_dump_json() for plan in plans.made)


@pytest.mark.terraform
@pytest.mark.slow
def test_a_plan_that_is_killed_leaves_its_outputs_only_until_the_next_one(
    project: PlannedProject, memory: Path
) -> None:
    _secret_stacks(project)
    real = project.workspace.tools.terraform
    slow = project.root / ".groundwork" / "slow-terraform"
    # Sleeps where a stack is planned against planned outputs.
    slow.write_text(f'#!/bin/sh\ncase "$PWD-$1" in *{OUT}*-plan) sleep 60;; esac\nexec {real} "$@"\n')
    slow.chmod(0o755)
    slowly = replace(
        project, workspace=replace(project.workspace, tools=replace(project.workspace.tools, terraform=slow))
    )

    def plan() -> Plans:
        os.setsid()
        return slowly.plans()

    process = multiprocessing.get_context("fork").Process(target=plan)
    process.start()
    left = _wait_for(memory.glob, "*/0.tfstate")
    _wait_for(project.root.glob, f"{OUT}/stacks/local-down/.terraform*")
    assert CANARY in left.read_text()
    assert process.pid
    os.killpg(process.pid, signal.SIGKILL)
    process.join()
    assert left.exists()
    assert (project.root / OUT).exists()

    assert len(project.plans().made) == 2
    assert list(memory.iterdir()) == []
    assert not (project.root / OUT).exists()
