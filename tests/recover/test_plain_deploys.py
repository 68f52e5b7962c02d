"""Plain deploys to the laptop are in the journal of this machine, and what a killed one left stops the next."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from groundwork.apply import rollout
from groundwork.errors import Refused, UsageError
from groundwork.recover.resolve import settle
from groundwork.state.adoption import Import
from groundwork.store.journal import Journal
from groundwork.store.local_entries import LocalEntries, forget, local_journal
from groundwork.store.objects import AlreadyStored, NotStored
from tests.recover.killed import NOW, inspect, inspector
from tests.support.planned_project import PlannedProject

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def journal(project: PlannedProject) -> Journal:
    return local_journal(project.workspace.project)


def begin(project: PlannedProject, stack: str) -> None:
    """Leave what a deploy leaves that was killed before it made anything."""
    recording = rollout.Recording(journal(project), "deploy", "c0ffee", "ada", lambda: NOW)
    journal(project).begin(recording.entry(stack, "local", {}).model_copy(update={"process": "1@0.00"}))


def test_begin_and_end_are_recorded_for_their_owner_alone(project: PlannedProject) -> None:
    stack = project.stack("one", {"thing": {"input": "first"}})
    project.synth()
    project.deploy_as_it_is(stack)
    ((began, ended),) = journal(project).history(stack)
    assert (began.run_id, began.environment, began.digest) == ("deploy", "local", "")
    assert ended
    assert ended.result == "applied"
    files = [path for path in (project.root / ".groundwork" / "audit").rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def deploy_backend(project: PlannedProject) -> None:
    """Synthesise all stacks, and deploy the one without which the command line deploys no other."""
    project.stack("state-backend", {"bucket": {"input": "deployed already"}})
    project.synth()
    project.deploy_as_it_is("local-state-backend")


def test_a_failed_deploy_is_not_open(project: PlannedProject) -> None:
    bad = {"provisioner": {"local-exec": {"command": "exit 1"}}}
    stack = project.stack("one", {"thing": {"input": "first", **bad}})
    deploy_backend(project)
    assert project.gw("deploy", stack).returncode
    assert journal(project).open() == []
    assert journal(project).failed() == [stack]
    project.stack("one", {"thing": {"input": "first"}})
    project.synth()
    project.deploy_as_it_is(stack)
    assert journal(project).failed() == []


def test_what_a_killed_deploy_left_is_imported_before_the_next(project: PlannedProject) -> None:
    name = f"left-{project.prefix}"
    stack = project.aws_stack("one", {"aws_ssm_parameter": {"left": {"name": name, "type": "String", "value": "x"}}})
    deploy_backend(project)
    begin(project, stack)
    project.cloud.client("ssm").put_parameter(Name=name, Type="String", Value="x")

    refused = project.gw("deploy", stack)
    assert refused.returncode == 13, refused.stderr
    assert "unsettled-apply: a deploy was killed and left something behind: begun by ada" in refused.stderr
    assert f"gw recover {stack}" in refused.stderr
    assert project.state(stack) is None, "nothing was made"
    assert project.gw("destroy", stack, "--yes").returncode == 13, "what no state has would stay"

    shown = project.gw("recover", "local")
    assert shown.returncode == 26
    assert f"terraform import 'aws_ssm_parameter.left' '{name}'" in shown.stdout
    assert f"next: gw recover {stack} --import" in shown.stdout
    assert inspect(project, stack).imports == (Import("aws_ssm_parameter.left", name),)
    assert project.gw("recover", stack, "--import").returncode == 2, "there is no terminal to confirm it"
    done = project.gw("recover", stack, "--import", "--yes")
    assert done.returncode == 0, done.stderr
    assert f"next: gw deploy {stack}" in done.stdout

    done = project.gw("deploy", stack)
    assert done.returncode == 0, done.stderr
    assert f"{stack}: nothing is left of a deploy that was killed" in done.stderr
    assert [ended and ended.result for _, ended in journal(project).history(stack)] == ["recovered", "applied"]


def test_a_resource_that_exists_already_is_named_with_recover(project: PlannedProject) -> None:
    name = f"there-{project.prefix}"
    stack = project.aws_stack("one", {"aws_ssm_parameter": {"it": {"name": name, "type": "String", "value": "x"}}})
    deploy_backend(project)
    project.cloud.client("ssm").put_parameter(Name=name, Type="String", Value="x")
    failed = project.gw("deploy", stack)
    assert failed.returncode == 6
    assert f"fix gw recover {stack}" in failed.stderr
    # The answer to its creation may have been lost: also an apply that ended is looked at.
    assert f"next: gw recover {stack} --import" in project.gw("recover", "local").stdout


def test_only_the_stacks_of_a_command_are_looked_at(project: PlannedProject) -> None:
    killed, other = (project.stack(name, {"thing": {"input": "first"}}) for name in ("one", "two"))
    project.synth()
    begin(project, killed)
    assert settle(inspector(project), [other], who="ada", at=NOW) == []
    item = {"LockID": {"S": project.workspace.store(killed).path}, "Info": {"S": "{}"}}
    project.cloud.client("dynamodb").put_item(TableName="locks", Item=item)
    with pytest.raises(Refused, match=f"{killed}: unsettled-apply"):
        settle(inspector(project), [killed, other], who="ada", at=NOW)
    project.cloud.client("dynamodb").delete_item(TableName="locks", Key={"LockID": item["LockID"]})
    assert settle(inspector(project), [killed, other], who="ada", at=NOW) == [killed]
    assert journal(project).open() == []


def test_a_deploy_that_still_runs_is_left_alone(project: PlannedProject) -> None:
    """Two deploys at once: the second finds the first between its entry and Terraform's lock."""
    stack = project.stack("one", {"thing": {"input": "first"}})
    project.synth()
    recording = rollout.Recording(journal(project), "deploy", "c0ffee", "ada", lambda: NOW)
    entry = recording.entry(stack, "local", {})
    journal(project).begin(entry)
    assert settle(inspector(project), [stack], who="ada", at=NOW) == []
    assert journal(project).open() == [entry]
    begin(project, stack)
    assert settle(inspector(project), [stack], who="ada", at=NOW) == [stack]
    assert journal(project).open() == [entry]


def test_an_emptied_embedded_aws_has_no_killed_deploys(project: PlannedProject) -> None:
    begin(project, "local-one")
    forget(project.workspace.project)
    assert journal(project).open() == []


def test_local_entries_are_written_once(tmp_path: Path) -> None:
    entries = LocalEntries(tmp_path / "work")
    assert entries.keys("audit/") == []
    entries.put_new("audit/a/b", b"first", media_type="text/plain")
    with pytest.raises(AlreadyStored):
        entries.put_new("audit/a/b", b"second", media_type="text/plain")
    assert (entries.newest("audit/a/b"), entries.keys("audit/a/"), entries.keys("other/")) == (
        b"first",
        ["audit/a/b"],
        [],
    )
    with pytest.raises(NotStored):
        entries.newest("audit/a/c")
    (tmp_path / "work" / "audit" / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="nobody would know of a killed apply"):
        entries.put_new("audit/file/below", b"", media_type="text/plain")
