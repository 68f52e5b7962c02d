"""After an apply was killed, `gw recover` reports what it did, and nothing is applied before that is resolved."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from groundwork.errors import StateLocked, TerraformFailed, UsageError
from groundwork.recover import left_state
from groundwork.store.journal import Journal
from groundwork.terraform.terraform import Terraform
from tests.recover.endpoint import Action, Call
from tests.recover.killed import inspect, killed_when_held, on_state, resolve, through, unlock
from tests.support.planned_project import PlannedProject

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def test_killed_before_anything_of_a_stack_was_created(project: PlannedProject) -> None:
    """Killed between two stacks: the first is applied and recorded, the second began and made nothing."""
    up = project.stack("up", {"thing": {"input": "first"}}, outputs={"value": "x"})
    down = project.stack("down", {"it": {"input": "${data.terraform_remote_state.up.outputs.value}"}}, reads=["up"])
    index = project.push(project.plan())

    def rule(call: Call) -> Action:
        """When Terraform takes the lock to apply the second stack."""
        return "hold" if b"down.tfstate" in call.body and b"OperationTypeApply" in call.body else "pass"

    killed_when_held(project, index, rule)
    assert project.inputs(up) == {"thing": "first"}
    assert inspect(project, up).opened == ()
    before = inspect(project, up).before
    assert before
    assert before[1].result == "applied"
    report = inspect(project, down)
    assert [entry.by for entry in report.opened] == ["grace"]
    assert [(step.address, step.progress) for step in report.steps] == [("terraform_data.it", "not recorded")]
    assert report.not_listed == ("terraform_data.it",)
    assert (report.state.serial, report.lock, report.complete) == (0, None, False)

    resolve(project, report)
    assert Journal(project.store.objects).open() == []
    (decision,) = project.store.decisions("recovered")
    assert (decision.stacks, decision.who, decision.reason) == ((down,), "ada", "looked at it by hand, INC-123")
    project.apply(project.push(project.plan()))
    assert project.inputs(down) == {"it": "x"}


def test_killed_while_the_state_is_stored(project: PlannedProject) -> None:
    """The resources exist and no state has them; the lock stays, and is reported with the command that frees it."""
    stack = project.stack("one", {"thing": {"input": "first"}, "other": {"input": "second"}})
    killed_when_held(project, project.push(project.plan()), on_state(stack, "hold"))
    report = inspect(project, stack)
    assert {step.address: step.progress for step in report.steps} == dict.fromkeys(
        ("terraform_data.thing", "terraform_data.other"), "not recorded"
    )
    assert report.lock
    assert report.lock.operation == "OperationTypeApply"
    with pytest.raises(StateLocked):
        project.plan()
    with pytest.raises(UsageError, match="may still be running") as refused:
        resolve(project, report)
    assert f"gw unlock {stack} {report.lock.id}" in str(refused.value)
    unlock(project, stack)
    resolve(project, inspect(project, stack))
    project.apply(project.push(project.plan()))
    assert project.inputs(stack) == {"thing": "first", "other": "second"}


def test_killed_between_the_state_and_its_checksum(project: PlannedProject) -> None:
    """Everything is done and stored, but Terraform cannot read that state before its checksum is corrected."""
    stack = project.stack("one", {"thing": {"input": "first"}})
    project.apply(project.push(project.plan()))
    project.stack("one", {"thing": {"input": "second"}, "new": {"input": "x"}})
    killed_when_held(project, project.push(project.plan()), on_state(stack, "pass and hold"))
    report = inspect(project, stack)
    assert report.complete
    assert {(step.action, step.progress) for step in report.steps} == {("update", "done"), ("create", "done")}
    assert report.checksum
    assert report.lock
    shutil.rmtree(project.workspace.out)  # as on another machine, where `terraform init` reads the state
    with pytest.raises(TerraformFailed, match="checksum"):
        project.plan()
    with pytest.raises(UsageError, match="correct-checksum"):
        resolve(project, report)
    report.checksum.correct()
    assert inspect(project, stack).checksum is None
    unlock(project, stack)
    resolve(project, inspect(project, stack))
    (made,) = project.plan()
    assert made.bundle.outcome == "no change"


def test_a_state_that_could_not_be_stored_is_pushed_back(project: PlannedProject) -> None:
    stack = project.stack("one", {"thing": {"input": "first"}})
    index = project.push(project.plan())
    with through(project, on_state(stack, "refuse")) as (faulty, _), pytest.raises(TerraformFailed):
        faulty.apply(index)
    report = inspect(project, stack)
    assert report.left
    assert (report.left.only_here, report.left.problem) == (("terraform_data.thing",), "")
    with pytest.raises(UsageError, match="never stored"):
        resolve(project, report)

    store = project.workspace.store(stack)
    left_state.push(
        report.left, Terraform(store.folder, stack, Path(project.cloud.program), project.workspace.environ(stack))
    )
    assert not report.left.path.exists()
    report = inspect(project, stack)
    assert report.left is None
    assert report.complete
    resolve(project, report)
    (made,) = project.plan()
    assert made.bundle.outcome == "no change"


def test_a_left_state_older_than_the_stored_one_is_not_pushed(project: PlannedProject, tmp_path: Path) -> None:
    def problem_of(**changed: object) -> str:
        (tmp_path / "errored.tfstate").write_text(
            json.dumps({"version": 4, "lineage": "a", "serial": 4, "resources": [], **changed})
        )
        state = left_state.find([tmp_path / "nowhere", tmp_path], {"lineage": "a", "serial": 3})
        assert state
        return state.problem

    assert problem_of() == ""
    assert "serial 3" in problem_of(serial=3)
    assert "another lineage" in problem_of(lineage="b")
    (tmp_path / "errored.tfstate").write_text('{"version": 4, "lin')
    state = left_state.find([tmp_path], {})
    assert state
    assert "not a complete state" in state.problem
    terraform = Terraform(tmp_path, "local-one", Path(project.cloud.program), {})
    with pytest.raises(UsageError, match="not a complete state"):
        left_state.push(state, terraform)


def test_gw_recover_leads_from_the_refusal_to_the_next_apply(project: PlannedProject) -> None:
    project.stack("delivery", {})  # open_store takes the backend from it
    stack = project.stack("one", {"thing": {"input": "first"}})
    index, file = project.push(project.plan()), str(project.index_path)
    assert project.gw("approve", "local", "--as", "grace", "--yes").returncode == 0

    def rule(call: Call) -> Action:
        return "hold" if b"one.tfstate" in call.body and b"OperationTypeApply" in call.body else "pass"

    killed_when_held(project, index, rule)
    refused = project.gw("deploy", stack, "--approved", file)
    assert refused.returncode == 13
    assert "unsettled-apply" in refused.stderr
    assert f"gw recover {stack}" in refused.stderr

    answer = project.gw("recover")
    assert answer.returncode == 26, answer.stderr
    assert f"{stack} an apply has no recorded end: begun by grace" in answer.stdout
    assert "not recorded    create terraform_data.thing" in answer.stdout
    as_json = json.loads(project.gw("recover", stack, "--json", "--skip-synth").stdout)
    assert [report["steps"][0]["address"] for report in as_json] == ["terraform_data.thing"]

    assert project.gw("recover", stack, "--resolve", "--reason", "hm").returncode == 2
    done = project.gw("recover", stack, "--resolve", "--reason", "nothing was made, INC-123")
    assert done.returncode == 0, done.stderr
    assert project.gw("recover", stack).returncode == 0
    again = project.gw("deploy", stack, "--approved", file)
    assert again.returncode == 13
    assert "rerun-without-plan" in again.stderr, "the plan belongs to the apply that was resolved"
    assert "resolved by" in again.stderr
