"""What somebody changed behind Terraform's back, and what the code has that is not deployed: never mixed up."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from groundwork import drift
from groundwork.apply.apply import ApprovedApply
from groundwork.drift import Difference, StackDrift
from groundwork.errors import TerraformFailed
from groundwork.store.plan_store import PlanStore
from tests.support.cloud_project import CloudProject
from tests.support.fake_github import FakeGitHub
from tests.support.planned_project import PlannedProject, planned_project

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

SECRET = "a-value-that-nobody-" + "may-see"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, cloud: CloudProject, checkout: Path) -> PlannedProject:
    """Two stacks that are deployed from approved plans: `names` with the AWS provider, `plain` without."""
    made = replace(planned_project(tmp_path_factory.mktemp("project") / "checkout", cloud, checkout), prefix="local")
    names(made, checkout, "said first")
    made.stack("plain", {"thing": {"input": "first"}})
    index = made.push(made.plan())
    approved = ApprovedApply(made.workspace, index, made.store, lambda *_: [], "grace", lambda: datetime.now(UTC))
    approved.apply([one.stack for one in index.bundles], on_event=lambda *_: None, say=lambda _: None)
    return made


def names(project: PlannedProject, checkout: Path, description: str) -> str:
    """A stack whose bucket's attributes change by themselves, when its versioning is set."""
    provider = {
        **project.cloud.backend,
        "skip_metadata_api_check": "true",
        "skip_requesting_account_id": True,
        "s3_use_path_style": True,
    }
    lock = (checkout / "stacks" / "provider_locks" / "aws.terraform.lock.hcl").read_text()
    parameters = {
        "greeting": {"name": "/greeting", "type": "String", "value": "hello", "description": description},
        "farewell": {"name": "/farewell", "type": "String", "value": "goodbye"},
    }
    versioning = {"bucket": "${aws_s3_bucket.files.id}", "versioning_configuration": [{"status": "Enabled"}]}
    terraform = {
        "backend": {"s3": project.backend("names")},
        "required_providers": {"aws": {"source": "aws", "version": "5.100.0"}},
    }
    more: dict[str, Any] = {
        "terraform": terraform,
        "provider": {"aws": [provider]},
        "resource": {
            "aws_ssm_parameter": parameters,
            "aws_s3_bucket": {"files": {"bucket": "files-that-drift"}},
            "aws_s3_bucket_versioning": {"files": versioning},
        },
    }
    return project.stack("names", {}, assets={".terraform.lock.hcl": lock}, more=more)


def look(project: PlannedProject, *, orphans: tuple[str, ...] = ()) -> dict[str, StackDrift]:
    stacks = [stack.name for stack in project.synth().stacks]
    found = drift.find(project.workspace, lambda _: project.store, stacks, orphans=orphans)
    assert not (project.root / drift.OUT).exists(), "plans hold secrets"
    return {one.stack: one for one in found}


def test_from_nothing_to_drift_and_undeployed_code_and_back(project: PlannedProject, checkout: Path) -> None:
    ssm = project.cloud.client("ssm")
    found = look(project)
    assert {stack: one.status for stack, one in found.items()} == dict.fromkeys(found, "as it should be")
    assert {one.address for one in found["local-names"].computed} == {"aws_s3_bucket.files"}, "which is no drift"
    assert found["local-names"].compared_with

    # The code alone.
    names(project, checkout, "said at once")
    project.stack("plain", {"thing": {"input": "second"}}, outputs={"value": "new"})
    found = look(project)
    assert {stack: one.status for stack, one in found.items()} == dict.fromkeys(found, "undeployed code")
    assert found["local-names"].undeployed == (Difference("aws_ssm_parameter.greeting", ("description",), "update"),)
    assert [one.address for one in found["local-plain"].undeployed] == ["terraform_data.thing", "output value"]

    # The world too: one is changed, one is deleted.
    ssm.put_parameter(Name="/greeting", Value=SECRET, Type="String", Overwrite=True)
    ssm.delete_parameter(Name="/farewell")
    one = look(project)["local-names"]
    assert one.status == "drift"
    assert [(it.address, it.how) for it in one.drift] == [
        ("aws_ssm_parameter.farewell", "deleted"),
        ("aws_ssm_parameter.greeting", "changed"),
    ]
    assert "value" in one.drift[1].attributes
    assert one.undeployed == (Difference("aws_ssm_parameter.greeting", ("description",), "update"),)
    assert SECRET not in repr(one) + drift.markdown(one, project.workspace.environments)
    assert "- `aws_ssm_parameter.farewell` deleted" in drift.markdown(one, project.workspace.environments)

    # A stack without code that drifts is looked at by what was applied last.
    project.drop("names")
    gone = look(project, orphans=("local-names",))["local-names"]
    assert (gone.status, gone.in_code, gone.undeployed) == ("drift", False, ())
    names(project, checkout, "said first")
    ssm.put_parameter(Name="/greeting", Value="hello", Type="String", Description="said first", Overwrite=True)
    ssm.put_parameter(Name="/farewell", Value="goodbye", Type="String")


def test_what_cannot_be_looked_at_is_said_and_keeps_nothing_else_from_it(project: PlannedProject) -> None:
    project.stack("fresh", {"thing": {"input": "x"}})
    project.stack("plain", {"thing": {"input": "${nothing.like.that}"}})
    found = look(project)
    project.drop("fresh")
    project.stack("plain", {"thing": {"input": "first"}})
    assert {stack: one.status for stack, one in found.items()} == {
        "local-names": "as it should be",
        "local-plain": "error",
        "local-fresh": "not deployed",
    }
    assert "terraform plan failed" in found["local-plain"].why


def test_without_the_right_to_read_what_was_applied_the_code_is_taken_and_that_is_said(project: PlannedProject) -> None:
    def refuses(_: str) -> PlanStore:
        raise TerraformFailed("the plan store refuses to list applied/")

    project.synth()
    (found,) = drift.find(project.workspace, refuses, ["local-plain"])
    assert (found.status, found.compared_with) == ("as it should be", "")
    assert "refuses to list applied/" in found.note


def test_gw_drift_opens_updates_and_closes_one_issue_per_stack(project: PlannedProject) -> None:
    project.stack("delivery", {})  # open_store takes the backend from it
    project.synth()
    ssm = project.cloud.client("ssm")
    with FakeGitHub() as github:
        environ = {**github.person("root", admin=True), "GITHUB_ACTIONS": ""}

        def gw(*words: str) -> tuple[int, str]:
            done = project.gw("drift", "local-names", "local-plain", "--skip-synth", *words, environ=environ)
            assert SECRET not in done.stdout + done.stderr
            return done.returncode, done.stdout

        assert gw("--issues")[0] == 0
        assert github.state.issues == {}
        ssm.put_parameter(Name="/greeting", Value=SECRET, Type="String", Overwrite=True)
        code, said = gw("--issues", "--json")
        assert code == 25
        assert {one["stack"]: one["status"] for one in json.loads(said)}["local-names"] == "drift"
        (issue,) = github.state.issues.values()
        assert (issue["title"], issue["state"]) == ("Drift in local-names", "open")
        assert "`aws_ssm_parameter.greeting` changed" in issue["body"]
        assert SECRET not in issue["body"]
        ssm.put_parameter(Name="/greeting", Value="hello", Type="String", Overwrite=True)
        assert gw("--issues")[0] == 0
        assert [one["state"] for one in github.state.issues.values()] == ["closed"]
