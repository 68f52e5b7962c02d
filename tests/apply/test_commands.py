"""Plan, approve, apply, as a person types it; killed or interrupted on the way; and without any of it on AWS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from groundwork.apply.rollout import Rollout
from groundwork.store.journal import Journal
from tests.support.planned_project import PlannedProject

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

UNSETTLED = 13


def approved(project: PlannedProject) -> str:
    """Plan everything, push, and have somebody else approve it; returns the index's path."""
    project.stack("delivery", {})  # open_store takes the backend from it
    stacks = [stack.name for stack in project.synth().stacks if stack.name != "local-delivery"]
    file = project.index_file(project.push(project.plan(*stacks)))
    answer = project.gw("approve", "local", "--as", "grace", "--plans", str(file), "--yes")
    assert answer.returncode == 0, answer.stderr
    return str(file)


def test_gw_deploy_applies_the_approved_plans_and_prints_what_came_of_them(project: PlannedProject) -> None:
    stack = project.stack("one", {"thing": {"input": "approved"}}, outputs={"value": "shown"})
    file = approved(project)
    done = project.gw("deploy", stack, "--approved", file, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        {"stack": stack, "how": "1 added, 0 changed, 0 destroyed", "outputs": {"value": "shown"}}
    ]
    assert f"{stack}: 1 added" in done.stderr
    assert project.inputs(stack) == {"thing": "approved"}

    again = project.gw("deploy", stack, "--approved", file)
    assert again.returncode == 13
    assert "rerun-without-plan" in again.stderr


def test_gw_deploy_without_an_approval_is_refused(project: PlannedProject) -> None:
    stack = project.stack("one", {"thing": {"input": "first"}})
    project.stack("delivery", {})
    project.synth()
    file = project.index_file(project.push(project.plan(stack)))
    done = project.gw("deploy", stack, "--approved", str(file))
    assert done.returncode == 13
    assert "approval-missing" in done.stderr
    assert "gw approve local --as NAME" in done.stderr
    assert project.state(stack) is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_apply_is_not_repeated_before_it_is_resolved(
    project: PlannedProject, number: signal.Signals
) -> None:
    slow = {"provisioner": {"local-exec": {"command": "echo at work; sleep 30"}}}
    slow_stack = project.stack("one", {"thing": {"input": "first", **slow}})
    two = project.stack("two", {"thing": {"input": "first"}})
    file = approved(project)
    began = subprocess.Popen(
        [str(project.root / ".venv" / "bin" / "gw"), "deploy", slow_stack, "--approved", file],
        cwd=project.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        terraform = _wait_for_terraform(began)
        os.kill(began.pid, number)
        code = began.wait(timeout=90)
    finally:
        if began.poll() is None:
            began.kill()
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    psutil.wait_procs([terraform], timeout=90)
    assert not terraform.is_running(), "Terraform was interrupted and ended"

    journal = Journal(project.store.objects)
    (open_apply,) = journal.open()
    assert (open_apply.stack, open_apply.state.serial) == (slow_stack, 0)
    again = project.gw("deploy", slow_stack, "--approved", file)
    assert again.returncode == UNSETTLED
    assert "unsettled-apply" in again.stderr
    assert f"gw recover {slow_stack}" in again.stderr
    # What was not begun is not held up.
    other = project.gw("deploy", two, "--approved", file)
    assert other.returncode == 0, other.stderr


def _wait_for_terraform(began: subprocess.Popen[bytes]) -> psutil.Process:
    until = time.monotonic() + 90
    while time.monotonic() < until:
        assert began.poll() is None, began.stdout and began.stdout.read()
        below = psutil.Process(began.pid).children(recursive=True)
        with suppress(psutil.NoSuchProcess):  # one that has ended since it was listed
            if any(process.name() == "sleep" for process in below):
                return next(process for process in below if process.name() == "terraform")
        time.sleep(0.05)
    raise AssertionError("Terraform never came to its work")


def test_gw_deploy_on_aws_without_an_approved_plan_names_the_flag(project: PlannedProject, checkout: Path) -> None:
    text = (checkout / "environments" / "dev.yaml").read_text()
    (project.root / "environments" / "dev.yaml").write_text(text)
    done = project.gw("deploy", "dev")
    assert done.returncode == 2
    assert "gw deploy dev --approved plans.json" in done.stderr
    assert "--break-glass" in done.stderr


def test_break_glass_shows_the_diff_asks_and_is_recorded_first(project: PlannedProject) -> None:
    stack = project.stack("one", {"thing": {"input": "urgent"}})
    project.stack("delivery", {})
    backend = project.stack("state-backend", {"bucket": {"input": "there already"}})
    project.synth()
    Rollout(project.workspace, [backend]).deploy(lambda *_: None, lambda _: None)
    empty = project.gw("deploy", stack, "--break-glass", "because")
    assert empty.returncode == 2
    assert "too short for a reason" in empty.stderr

    reason = "INC-123: the api is down"
    unasked = project.gw("deploy", stack, "--break-glass", reason)
    assert unasked.returncode == 2
    assert "there is no terminal to confirm it" in unasked.stderr
    assert project.state(stack) is None
    assert project.store.decisions("break-glass") == []

    done = project.gw("deploy", stack, "--break-glass", reason, "--yes")
    assert done.returncode == 0, done.stderr
    assert "terraform_data.thing will be created" in done.stderr
    (decision,) = project.store.decisions("break-glass")
    assert (decision.reason, decision.stacks) == (reason, (stack,))
    assert project.inputs(stack) == {"thing": "urgent"}


def test_options_that_exclude_each_other_are_refused(project: PlannedProject) -> None:
    both = project.gw("deploy", "local", "--approved", "plans.json", "--break-glass", "INC-123: the api is down")
    assert (both.returncode, "exclude each other" in both.stderr) == (2, True)
    alone = project.gw("deploy", "local", "--allow-destroy", "local-one")
    assert (alone.returncode, "--approved" in alone.stderr) == (2, True)
    absent = project.gw("deploy", "local", "--approved", "nowhere.json")
    assert (absent.returncode, "nowhere.json does not exist" in absent.stderr) == (2, True)
