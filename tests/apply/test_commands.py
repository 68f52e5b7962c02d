"""`gw deploy`: with approved plans, killed or interrupted, and with --break-glass."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from groundwork.store.journal import Journal
from tests.recover.killed import inspect
from tests.support.planned_project import PlannedProject
from tests.support.processes import wait_for_descendant

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

UNSETTLED = 13


def approved(project: PlannedProject) -> str:
    """Plan everything, push, and have somebody else approve it; returns the index's path."""
    project.stack("delivery", {})  # open_store takes the backend from it
    project.push(project.plan())
    answer = project.gw("approve", "local", "--as", "grace", "--yes")
    assert answer.returncode == 0, answer.stderr
    return str(project.index_path)


def start_deploy(project: PlannedProject, log: Path, *words: str) -> subprocess.Popen[bytes]:
    """`gw deploy` in a session of its own, printing to `log`."""
    command = [str(project.root / ".venv" / "bin" / "gw"), "deploy", *words]
    with log.open("w") as output:
        return subprocess.Popen(
            command, cwd=project.root, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )


def test_gw_deploy_applies_the_approved_plans_and_prints_the_results(project: PlannedProject) -> None:
    stack = project.stack("one", {"thing": {"input": "approved"}}, outputs={"value": "shown"})
    file = approved(project)
    done = project.gw("deploy", stack, "--approved", file, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        {"stack": stack, "how": "1 added, 0 changed, 0 destroyed", "outputs": {"value": "shown"}}
    ]
    assert f"{stack}: 1 added" in done.stderr
    assert project.inputs(stack) == {"thing": "approved"}
    assert project.store.last_deployed() == "", "one stack is not the environment"

    again = project.gw("deploy", stack, "--approved", file)
    assert again.returncode == 13
    assert "rerun-without-plan" in again.stderr


def test_gw_deploy_without_an_approval_is_refused(project: PlannedProject) -> None:
    stack = project.stack("one", {"thing": {"input": "first"}})
    project.stack("delivery", {})
    project.push(project.plan())
    done = project.gw("deploy", stack, "--approved", str(project.index_path))
    assert done.returncode == 13
    assert "approval-missing" in done.stderr
    assert "gw approve local --as NAME" in done.stderr
    assert project.state(stack) is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_apply_is_not_repeated_before_it_is_resolved(
    project: PlannedProject, number: signal.Signals, tmp_path: Path
) -> None:
    slow = {"provisioner": {"local-exec": {"command": "echo at work; sleep 30"}}}
    slow_stack = project.stack("one", {"thing": {"input": "first", **slow}})
    two = project.stack("two", {"thing": {"input": "first"}})
    file, log = approved(project), tmp_path / "deploy.log"
    deploy = start_deploy(project, log, slow_stack, "--approved", file)
    try:
        descendants = wait_for_descendant(deploy.pid, "sleep", log=log)
        terraform = next(process for process in descendants if process.name() == "terraform")
        os.kill(deploy.pid, number)
        code = deploy.wait(timeout=90)
    finally:
        if deploy.poll() is None:
            deploy.kill()
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
    # A stack whose apply did not begin can be applied.
    other = project.gw("deploy", two, "--approved", file)
    assert other.returncode == 0, other.stderr


def test_gw_deploy_on_aws_without_an_approved_plan_names_the_flag(project: PlannedProject, checkout: Path) -> None:
    text = (checkout / "environments" / "dev.yaml").read_text()
    (project.root / "environments" / "dev.yaml").write_text(text)
    done = project.gw("deploy", "dev")
    assert done.returncode == 2
    assert "gw deploy dev --approved plans.json" in done.stderr
    assert "--break-glass" in done.stderr


def test_break_glass_shows_the_diff_needs_consent_and_is_recorded(project: PlannedProject) -> None:
    stack = project.stack("one", {"thing": {"input": "urgent"}})
    project.stack("delivery", {})
    backend = project.stack("state-backend", {"bucket": {"input": "deployed already"}})
    project.synth()
    project.deploy_as_it_is(backend)
    short = project.gw("deploy", stack, "--break-glass", "because")
    assert short.returncode == 2
    assert "too short for a reason" in short.stderr

    reason = "INC-123: the api is down"
    unconfirmed = project.gw("deploy", stack, "--break-glass", reason)
    assert unconfirmed.returncode == 2
    assert "there is no terminal to confirm it" in unconfirmed.stderr
    assert project.state(stack) is None
    assert project.store.decisions("break-glass") == []

    done = project.gw("deploy", stack, "--break-glass", reason, "--yes")
    assert done.returncode == 0, done.stderr
    assert "terraform_data.thing will be created" in done.stderr
    (decision,) = project.store.decisions("break-glass")
    assert (decision.reason, decision.stacks) == (reason, (stack,))
    assert project.inputs(stack) == {"thing": "urgent"}
    ((began, ended),) = Journal(project.store.objects).history(stack)
    assert (began.by, began.digest, ended and ended.result) == (decision.who, "", "applied")


def test_a_killed_break_glass_apply_is_known_to_recovery(project: PlannedProject, tmp_path: Path) -> None:
    slow = {"provisioner": {"local-exec": {"command": "echo at work; sleep 30"}}}
    stack = project.stack("one", {"thing": {"input": "urgent", **slow}})
    project.stack("delivery", {})
    backend = project.stack("state-backend", {"bucket": {"input": "deployed already"}})
    project.synth()
    project.deploy_as_it_is(backend)
    log = tmp_path / "deploy.log"
    deploy = start_deploy(project, log, stack, "--break-glass", "INC-123: the api is down", "--yes")
    try:
        descendants = wait_for_descendant(deploy.pid, "sleep", log=log)
        terraform = next(process for process in descendants if process.name() == "terraform")
    finally:
        deploy.kill()
    psutil.wait_procs([terraform], timeout=90)
    report = inspect(project, stack)
    assert [entry.run_id for entry in report.opened] == ["break-glass"]
    assert report.notes[0].startswith("it was applied without a stored plan")
    # The gate refuses an approved apply while it is open (tests/gate/test_refused_states.py).
    assert "run break-glass" in Journal(project.store.objects).unsettled(stack)


def test_contradictory_options_of_deploy_are_refused(project: PlannedProject) -> None:
    both = project.gw("deploy", "local", "--approved", "plans.json", "--break-glass", "INC-123: the api is down")
    assert (both.returncode, "exclude each other" in both.stderr) == (2, True)
    alone = project.gw("deploy", "local", "--allow-destroy", "local-one")
    assert (alone.returncode, "--approved" in alone.stderr) == (2, True)
    absent = project.gw("deploy", "local", "--approved", "nowhere.json")
    assert (absent.returncode, "nowhere.json does not exist" in absent.stderr) == (2, True)
