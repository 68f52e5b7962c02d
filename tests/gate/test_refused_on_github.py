"""The same refusals with GitHub's own answers: a merged pull request waits, somebody approves, the gate checks who."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork.cli.deploy_approved import gate_for
from groundwork.errors import UsageError
from groundwork.github.approvals import GitHubApprovals
from groundwork.refusals import Code, Refusal
from tests.gate.mini_project import ENVIRONMENT, Mini
from tests.gate.reading import codes, only
from tests.support.fake_github import FakeGitHub, Run

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


def merged(mini: Mini, github: FakeGitHub) -> Run:
    """Alice's pull request with a commit of Erin's, merged by Bob; Ivan started the run, Judy started it again."""
    number = github.open_pull_request("alice", commits=[github.commit("erin"), github.commit("alice")])
    sha = github.merge(number, "bob", sha=mini.git("rev-parse", "HEAD"))
    return github.rerun(github.begin_run("push", "ivan", sha=sha), by="judy")


def planned(mini: Mini, run: Run) -> None:
    """Planned in this attempt of the run."""
    mini.plan(run_id=str(run.id), run_attempt=run.attempt, planned_by="judy")


def refusals(mini: Mini, github: FakeGitHub, run: Run) -> list[Refusal]:
    """What the apply job prints, or would print without an approval."""
    environ = github.job_environment(run, "apply")
    if github.job(run, "apply").waiting:
        environ |= github.person("root", admin=True)
    return mini.refusals(source=GitHubApprovals.of(environ))


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("alice", "author of pull request #1"),
        ("erin", "author of commit"),
        ("bob", "merged pull request #1"),
        ("ivan", "started run"),
    ],
)
def test_whoever_had_a_hand_in_it_cannot_approve_it(mini: Mini, github: FakeGitHub, who: str, why: str) -> None:
    run = merged(mini, github)
    planned(mini, run)
    github.job(run, "apply")
    github.approve(run, ENVIRONMENT, by=who)
    reasons = refusals(mini, github, run)
    assert codes(reasons) == {Code.APPROVAL_BY_AUTHOR}
    assert f"{who} ({why}" in only(reasons, Code.APPROVAL_BY_AUTHOR).sentence


def test_somebody_else_can(mini: Mini, github: FakeGitHub) -> None:
    run = merged(mini, github)
    planned(mini, run)
    github.job(run, "apply")
    assert codes(refusals(mini, github, run)) == {Code.APPROVAL_MISSING}
    github.approve(run, ENVIRONMENT, by="carol")
    assert refusals(mini, github, run) == []


def test_the_deployment_status_tells_an_approval_before_the_plan(mini: Mini, github: FakeGitHub) -> None:
    run = merged(mini, github)
    github.job(run, "apply")
    github.approve(run, ENVIRONMENT, by="carol")
    planned(mini, run)
    assert codes(refusals(mini, github, run)) == {Code.APPROVAL_TOO_EARLY}


def test_an_environment_without_a_rule_lets_nothing_through(mini: Mini, github: FakeGitHub) -> None:
    run = merged(mini, github)
    planned(mini, run)
    github.job(run, "apply")
    github.approve(run, ENVIRONMENT, by="carol")
    assert refusals(mini, github, run) == []
    github.environment(ENVIRONMENT, reviewers=["platform"], prevent_self_review=False, can_admins_bypass=True)
    reason = only(refusals(mini, github, run), Code.ENVIRONMENT_UNPROTECTED)
    assert "approve their own deployment" in reason.sentence
    assert "administrators may bypass it" in reason.sentence


def test_an_attempt_that_has_not_planned_applies_no_earlier_plan(mini: Mini, github: FakeGitHub) -> None:
    """GitHub's `Re-run failed jobs`: the apply job again, the plan job not."""
    run = merged(mini, github)
    planned(mini, run)
    github.rerun(run, by="judy")
    github.job(run, "apply")
    github.approve(run, ENVIRONMENT, by="carol")
    assert codes(refusals(mini, github, run)) == {Code.RERUN_WITHOUT_PLAN}


def test_on_aws_the_run_its_approvals_and_its_labels_come_from_github(mini: Mini, github: FakeGitHub) -> None:
    number = github.open_pull_request("alice", labels=["allow-destroy:prod-data", "bug"])
    run = github.begin_run("push", "ivan", sha=github.merge(number, "bob", sha=mini.git("rev-parse", "HEAD")))
    index = mini.plan(run_id=str(run.id)).model_copy(update={"environment": "prod"})
    github.job(run, "apply")
    github.approve(run, ENVIRONMENT, by="carol")
    gate = gate_for(
        mini.workspace,
        index,
        mini.store,
        plans=mini.plans,
        environ=github.job_environment(run, "apply"),
        wanted=["prod-data"],
        allow_destroy=["prod-network"],
    )
    assert (gate.run_id, gate.run_attempt) == (str(run.id), 1)
    assert set(gate.allow_destroy) == {"prod-data", "prod-network"}
    assert isinstance(gate.approvals, GitHubApprovals)

    with pytest.raises(UsageError, match="GITHUB_RUN_ID"):
        gate_for(mini.workspace, index, mini.store, plans=mini.plans, environ={}, wanted=[])
