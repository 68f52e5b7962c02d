"""`gw drift` tells changes made outside Terraform from code that is not deployed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from groundwork import drift
from groundwork.drift import StackDrift
from groundwork.errors import TerraformFailed
from groundwork.plan.drifted import Difference
from groundwork.store.plan_store import PlanStore
from tests.support.cloud_project import CloudProject
from tests.support.fake_github import FakeGitHub
from tests.support.planned_project import PlannedProject, planned_project

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

SECRET = "a-value-that-nobody-" + "may-see"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, cloud: CloudProject, checkout: Path) -> PlannedProject:
    """Two stacks deployed from approved plans: `names` with the AWS provider, `plain` without."""
    made = replace(planned_project(tmp_path_factory.mktemp("project") / "checkout", cloud, checkout), prefix="local")
    names(made, "said first")
    made.stack("plain", {"thing": {"input": "first"}})
    made.apply(made.push(made.plan()))
    return made


def names(project: PlannedProject, description: str) -> str:
    """Two parameters, and a bucket whose attributes AWS changes when its versioning is set.

    The encryption leaves `bucket_key_enabled` out, which is null after the apply and false when AWS is read.
    """
    parameters = {
        "greeting": {"name": "/greeting", "type": "String", "value": "hello", "description": description},
        "farewell": {"name": "/farewell", "type": "String", "value": "goodbye"},
    }
    versioning = {"bucket": "${aws_s3_bucket.files.id}", "versioning_configuration": [{"status": "Enabled"}]}
    by_default = [{"sse_algorithm": "AES256"}]
    encryption = {
        "bucket": "${aws_s3_bucket.files.id}",
        "rule": [{"apply_server_side_encryption_by_default": by_default}],
    }
    resources = {
        "aws_ssm_parameter": parameters,
        "aws_s3_bucket": {"files": {"bucket": "files-that-drift"}},
        "aws_s3_bucket_versioning": {"files": versioning},
        "aws_s3_bucket_server_side_encryption_configuration": {"files": encryption},
    }
    return project.aws_stack("names", resources)


def drift_of(project: PlannedProject, *, orphans: tuple[str, ...] = ()) -> dict[str, StackDrift]:
    """Stack → drift, of all stacks in the code and of these orphans."""
    stacks = [stack.name for stack in project.synth().stacks]
    drifts = drift.find(project.workspace, lambda _: project.store, stacks, orphans=orphans)
    assert not (project.root / drift.OUT).exists(), "plans hold secrets"
    return {each.stack: each for each in drifts}


def statuses(drifts: dict[str, StackDrift]) -> dict[str, str]:
    return {stack: each.status for stack, each in drifts.items()}


def test_drift_and_undeployed_code_are_told_apart(project: PlannedProject) -> None:
    ssm = project.cloud.client("ssm")
    drifts = drift_of(project)
    assert statuses(drifts) == dict.fromkeys(drifts, "as it should be")
    computed = {difference.address for difference in drifts["local-names"].computed}
    assert computed == {"aws_s3_bucket.files"}, "what AWS computes is not drift"
    assert drifts["local-names"].compared_with

    # Only the code changes.
    names(project, "said at once")
    project.stack("plain", {"thing": {"input": "second"}}, outputs={"value": "new"})
    drifts = drift_of(project)
    assert statuses(drifts) == dict.fromkeys(drifts, "undeployed code")
    assert drifts["local-names"].undeployed == (Difference("aws_ssm_parameter.greeting", ("description",), "update"),)
    undeployed = [difference.address for difference in drifts["local-plain"].undeployed]
    assert undeployed == ["terraform_data.thing", "output value"]

    # In AWS, a parameter is changed and another deleted.
    ssm.put_parameter(Name="/greeting", Value=SECRET, Type="String", Overwrite=True)
    ssm.delete_parameter(Name="/farewell")
    drifted = drift_of(project)["local-names"]
    assert drifted.status == "drift"
    assert [(difference.address, difference.how) for difference in drifted.drift] == [
        ("aws_ssm_parameter.farewell", "deleted"),
        ("aws_ssm_parameter.greeting", "changed"),
    ]
    assert "value" in drifted.drift[1].attributes
    assert drifted.undeployed == (Difference("aws_ssm_parameter.greeting", ("description",), "update"),)
    assert SECRET not in repr(drifted) + drift.markdown(drifted, project.workspace.environments)
    assert "- `aws_ssm_parameter.farewell` deleted" in drift.markdown(drifted, project.workspace.environments)

    # An orphan is compared with the bundle that was applied last.
    project.drop("names")
    orphan = drift_of(project, orphans=("local-names",))["local-names"]
    assert (orphan.status, orphan.in_code, orphan.undeployed) == ("drift", False, ())
    names(project, "said first")
    ssm.put_parameter(Name="/greeting", Value="hello", Type="String", Description="said first", Overwrite=True)
    ssm.put_parameter(Name="/farewell", Value="goodbye", Type="String")


def test_a_stack_that_cannot_be_compared_does_not_stop_the_others(project: PlannedProject) -> None:
    project.stack("fresh", {"thing": {"input": "x"}})
    project.stack("plain", {"thing": {"input": "${nothing.like.that}"}})
    drifts = drift_of(project)
    project.drop("fresh")
    project.stack("plain", {"thing": {"input": "first"}})
    assert statuses(drifts) == {
        "local-names": "as it should be",
        "local-plain": "error",
        "local-fresh": "not deployed",
    }
    assert "terraform plan failed" in drifts["local-plain"].why


def test_without_access_to_applied_bundles_the_code_is_compared(project: PlannedProject) -> None:
    def refuses(_: str) -> PlanStore:
        raise TerraformFailed("the plan store refuses to list applied/")

    project.synth()
    (plain,) = drift.find(project.workspace, refuses, ["local-plain"])
    assert (plain.status, plain.compared_with) == ("as it should be", "")
    assert "refuses to list applied/" in plain.note


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
        code, printed = gw("--issues", "--json")
        assert code == 25
        assert {row["stack"]: row["status"] for row in json.loads(printed)}["local-names"] == "drift"
        (issue,) = github.state.issues.values()
        assert (issue["title"], issue["state"]) == ("Drift in local-names", "open")
        assert "`aws_ssm_parameter.greeting` changed" in issue["body"]
        assert SECRET not in issue["body"]
        ssm.put_parameter(Name="/greeting", Value="hello", Type="String", Overwrite=True)
        assert gw("--issues")[0] == 0
        assert [issue["state"] for issue in github.state.issues.values()] == ["closed"]
