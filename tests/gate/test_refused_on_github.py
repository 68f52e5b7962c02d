"""Approvals read from GitHub: a merged pull request waits, somebody approves, and the gate checks who it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork.cli.deploy_approved import gate_for
from groundwork.errors import UsageError
from groundwork.github.approvals import GitHubApprovals
from groundwork.refusals import Code, Refusal
from tests.gate.gated_project import GatedProject, codes, only
from tests.support.fake_github import FakeGitHub, Run
from tests.support.planned_project import ENVIRONMENT

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

DEPLOY = f"""
name: deploy
on:
  push: {{branches: [main]}}
permissions: {{}}
jobs:
  apply:
    permissions: {{id-token: write, actions: read, contents: read, deployments: read, pull-requests: read}}
    environment: {ENVIRONMENT}
    runs-on: ubuntu-24.04
    steps: [{{run: gw deploy local --approved plans.json}}]
"""


@pytest.fixture
def github(tmp_path: Path) -> Iterator[FakeGitHub]:
    (tmp_path / "deploy.yml").write_text(DEPLOY)
    with FakeGitHub(workflows=tmp_path) as fake:
        fake.team("platform", "alice", "bob", "carol", "erin", "ivan")
        fake.environment(ENVIRONMENT, reviewers=["platform"])
        yield fake


def merged(project: GatedProject, github: FakeGitHub) -> Run:
    """A run for Alice's pull request with a commit by Erin, merged by Bob, started by Ivan and again by Judy."""
    number = github.open_pull_request("alice", commits=[github.commit("erin"), github.commit("alice")])
    sha = github.merge(number, "bob", sha=project.git("rev-parse", "HEAD"))
    return github.rerun(github.begin_run("push", "ivan", sha=sha), by="judy")


def plan(project: GatedProject, run: Run) -> None:
    """Plan in this attempt of the run."""
    project.push_plans(run_id=str(run.id), run_attempt=run.attempt, planned_by="judy")


def refusals(project: GatedProject, github: FakeGitHub, run: Run) -> list[Refusal]:
    """Why the apply job is refused; asked as an administrator while it waits for an approval."""
    environ = github.job_environment(run, "apply")
    if github.job(run, "apply").waiting:
        environ |= github.person("root", admin=True)
    return project.refusals(source=GitHubApprovals.of(environ))


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("alice", "author of pull request #1"),
        ("erin", "author of commit"),
        ("bob", "merged pull request #1"),
        ("ivan", "started run"),
    ],
)
def test_a_contributor_cannot_approve(project: GatedProject, github: FakeGitHub, who: str, why: str) -> None:
    run = merged(project, github)
    plan(project, run)
    github.job(run, "apply")
    github.approve(run, ENVIRONMENT, by=who)
    reasons = refusals(project, github, run)
    assert codes(reasons) == {Code.APPROVAL_BY_AUTHOR}
    assert f"{who} ({why}" in only(reasons, Code.APPROVAL_BY_AUTHOR).sentence


def test_somebody_else_can_approve(project: GatedProject, github: FakeGitHub) -> None:
    run = merged(project, github)
    plan(project, run)
    github.job(run, "apply")
    assert codes(refusals(project, github, run)) == {Code.APPROVAL_MISSING}
    github.approve(run, ENVIRONMENT, by="carol")
    assert refusals(project, github, run) == []


def test_an_approval_before_the_plan_is_refused_by_github_s_time(project: GatedProject, github: FakeGitHub) -> None:
    run = merged(project, github)
    github.job(run, "apply")
    github.approve(run, ENVIRONMENT, by="carol")
    plan(project, run)
    assert codes(refusals(project, github, run)) == {Code.APPROVAL_TOO_EARLY}


def test_an_approval_in_an_unprotected_environment_is_refused(project: GatedProject, github: FakeGitHub) -> None:
    run = merged(project, github)
    plan(project, run)
    github.job(run, "apply")
    github.approve(run, ENVIRONMENT, by="carol")
    assert refusals(project, github, run) == []
    github.environment(ENVIRONMENT, reviewers=["platform"], prevent_self_review=False, can_admins_bypass=True)
    reason = only(refusals(project, github, run), Code.ENVIRONMENT_UNPROTECTED)
    assert "approve their own deployment" in reason.sentence
    assert "administrators may bypass it" in reason.sentence


def test_a_rerun_of_the_apply_job_alone_applies_no_earlier_plan(project: GatedProject, github: FakeGitHub) -> None:
    """GitHub's `Re-run failed jobs` runs the apply job again without the plan job."""
    run = merged(project, github)
    plan(project, run)
    github.rerun(run, by="judy")
    github.job(run, "apply")
    github.approve(run, ENVIRONMENT, by="carol")
    assert codes(refusals(project, github, run)) == {Code.RERUN_WITHOUT_PLAN}


def test_on_aws_run_approvals_and_labels_come_from_github(project: GatedProject, github: FakeGitHub) -> None:
    number = github.open_pull_request("alice", labels=["allow-destroy:prod-data", "bug"])
    run = github.begin_run("push", "ivan", sha=github.merge(number, "bob", sha=project.git("rev-parse", "HEAD")))
    index = project.push_plans(run_id=str(run.id)).model_copy(update={"environment": "prod"})
    github.job(run, "apply")
    github.approve(run, ENVIRONMENT, by="carol")
    gate = gate_for(
        project.workspace,
        index,
        project.store,
        plans=project.index_path,
        environ=github.job_environment(run, "apply"),
        wanted=["prod-data"],
        allow_destroy=["prod-network"],
    )
    assert (gate.run_id, gate.run_attempt) == (str(run.id), 1)
    assert set(gate.allow_destroy) == {"prod-data", "prod-network"}
    assert isinstance(gate.approvals, GitHubApprovals)

    with pytest.raises(UsageError, match="GITHUB_RUN_ID"):
        gate_for(project.workspace, index, project.store, plans=project.index_path, environ={}, wanted=[])
