"""The facts about approvals: who approved when, who is a contributor, and whether the environment is protected."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from groundwork.errors import GitHubError, UsageError
from groundwork.gate import approvals
from groundwork.gate.approval import ApprovalFacts
from groundwork.gate.facts import RunFacts
from groundwork.github.api import GitHub
from groundwork.github.approvals import GitHubApprovals
from groundwork.github.approved_at import approvals_with_times
from groundwork.refusals import Code
from tests.support.fake_github import FakeGitHub, Run
from tests.support.sample_bundles import AT, index


def merged(github: FakeGitHub, *commits: str, author: str = "alice", by: str = "bob") -> Run:
    """A run of deploy for a merged pull request, waiting for its approval."""
    number = github.open_pull_request(author, commits=commits)
    run = github.begin_run("push", by, sha=github.merge(number, by))
    github.job(run, "apply")
    return run


def facts(github: FakeGitHub, run: Run, environment: str = "prod") -> ApprovalFacts:
    """Read with the apply job's token, or an administrator's while the job waits for its approval."""
    environ = github.job_environment(run, "apply")
    if github.job(run, "apply").waiting:
        environ |= github.person("root", admin=True)
    return GitHubApprovals.of(environ).facts(environment, commit=run.head_sha)


def test_an_approval_has_its_person_and_the_deployment_status_s_time(github: FakeGitHub) -> None:
    run = merged(github)
    before = datetime.now(UTC)
    github.approve(run, "prod", by="carol")
    after = datetime.now(UTC)
    known = facts(github, run)
    assert [approval.by for approval in known.approvals] == ["carol"]
    assert before <= known.approvals[0].at <= after
    assert (known.run_id, known.run_attempt) == (str(run.id), 1)
    assert not known.unprotected


def test_without_a_decision_or_after_a_rejection_there_is_no_approval(github: FakeGitHub) -> None:
    run = merged(github)
    assert not facts(github, run).approvals
    github.reject(run, "prod", by="carol")
    source = GitHubApprovals.of(github.job_environment(run, "apply") | github.person("root", admin=True))
    assert not source.facts("prod", commit=run.head_sha).approvals


def test_an_approval_by_a_deleted_account_is_nobody_s(github: FakeGitHub) -> None:
    run = merged(github)
    github.approve(run, "prod", by="carol")
    github.delete_account("carol")
    known = facts(github, run)
    assert known.approvals == ()
    gate = RunFacts(index(environment="prod"), "aws", run.head_sha, True, str(run.id), 1, ["prod-api"])
    assert [refusal.code for refusal in approvals.check(gate, known, AT)] == [Code.APPROVAL_MISSING]


def test_the_change_of_a_deleted_account_still_needs_an_approval(github: FakeGitHub) -> None:
    run = merged(github)
    github.delete_account("alice")
    github.approve(run, "prod", by="carol")
    assert [approval.by for approval in facts(github, run).approvals] == ["carol"]


def test_an_approval_of_another_environment_or_run_does_not_count(github: FakeGitHub) -> None:
    first = merged(github)
    second = github.begin_run("push", "bob", sha=first.sha)
    github.job(second, "apply")
    github.approve(second, "prod", by="carol")
    assert not facts(github, first).approvals
    assert [approval.by for approval in facts(github, second).approvals] == ["carol"]
    assert not facts(github, second, "prod-plan").approvals


def test_the_time_is_of_this_run_s_deployment_not_of_an_earlier_run_s(github: FakeGitHub) -> None:
    first = merged(github)
    github.approve(first, "prod", by="carol")
    between = datetime.now(UTC)
    second = github.begin_run("push", "bob", sha=first.sha)
    github.job(second, "apply")
    github.approve(second, "prod", by="carol")
    assert facts(github, second).approvals[0].at > between
    assert facts(github, first).approvals[0].at < between


def test_a_deployment_of_a_run_with_a_longer_number_does_not_count(github: FakeGitHub) -> None:
    run = merged(github)
    github.approve(run, "prod", by="carol")
    github.job_environment(run, "apply")
    for status in github.state.deployments[0].statuses:
        status["log_url"] = status["target_url"] = status["log_url"].replace(f"/{run.id}/", f"/{run.id}7/")
    with pytest.raises(GitHubError, match="no deployment of it shows when"):
        approvals_with_times(GitHub.of(github.person("root", admin=True)), run.json(github.state), "prod")


def test_an_approval_of_an_earlier_attempt_keeps_its_time(github: FakeGitHub) -> None:
    run = merged(github)
    github.approve(run, "prod", by="carol")
    between = datetime.now(UTC)
    github.rerun(run, by="bob")
    github.job(run, "apply")
    github.approve(run, "prod", by="dave")
    # The history does not say who approved the second attempt, so it counts as approved by one of the two.
    early, late = facts(github, run).approvals[:2], facts(github, run).approvals[2:]
    assert [(approval.people, approval.at < between) for approval in early] == [(("carol",), True), (("dave",), True)]
    assert [(approval.people, approval.at > between) for approval in late] == [(("carol", "dave"), True)]


def test_a_job_that_ran_without_an_approval_adds_none(github: FakeGitHub) -> None:
    run = merged(github)
    for person in ("carol", "dave"):
        github.approve(run, "prod", by=person)
        between = datetime.now(UTC)
        github.rerun(run, by="bob")
        github.job(run, "apply")
    github.environment("prod", reviewers=())
    github.job(run, "apply")
    github.rerun(run, by="bob")
    github.job(run, "apply")
    assert all(approval.at < between for approval in facts(github, run).approvals)


def test_who_approves_every_attempt_approved_at_the_time_of_the_last(github: FakeGitHub) -> None:
    run = merged(github)
    github.approve(run, "prod", by="carol")
    between = datetime.now(UTC)
    github.rerun(run, by="bob")
    github.job(run, "apply")
    github.approve(run, "prod", by="carol")
    assert [(approval.by, approval.at > between) for approval in facts(github, run).approvals] == [("carol", True)]


def test_after_a_deleted_deployment_an_older_approval_has_no_time(github: FakeGitHub) -> None:
    """With deployments: write anybody may delete one; carol's approval would get the time of dave's."""
    run = merged(github)
    github.approve(run, "prod", by="carol")
    github.rerun(run, by="bob")
    github.job(run, "apply")
    github.approve(run, "prod", by="dave")
    del github.state.deployments[0]
    assert [approval.people for approval in facts(github, run).approvals] == [("carol", "dave")]


def test_who_alone_approved_keeps_the_time_of_the_deployment_that_is_left(github: FakeGitHub) -> None:
    run = merged(github)
    github.approve(run, "prod", by="carol")
    github.rerun(run, by="bob")
    github.job(run, "apply")
    between = datetime.now(UTC)
    github.approve(run, "prod", by="carol")
    del github.state.deployments[0]
    assert [(approval.people, approval.at > between) for approval in facts(github, run).approvals] == [
        (("carol",), True)
    ]


def test_an_approval_without_a_deployment_to_date_it_is_an_error(github: FakeGitHub) -> None:
    run = merged(github)
    github.approve(run, "prod", by="carol")
    github.job_environment(run, "apply")
    github.state.deployments.clear()
    with pytest.raises(GitHubError, match="no deployment of it shows when"):
        facts(github, run)


def test_every_contributor_is_named_with_the_reason(github: FakeGitHub) -> None:
    commits = [
        github.commit("erin", committer="frank"),
        github.commit("alice", message="more\n\nCo-authored-by: Grace <12345+grace@users.noreply.github.com>"),
        github.commit("alice", message="and\n\nCo-authored-by: Erin <erin@example.com>\nCo-authored-by: X <x@y.z>"),
        github.commit("", email="7+heidi@users.noreply.github.com"),
    ]
    run = merged(github, *commits)
    github.rerun(run, by="ivan")
    contributors = facts(github, run).contributors
    short = {login: sha[:7] for login, sha in zip(("erin", "grace", "-", "heidi"), commits, strict=True)}
    assert contributors == {
        "alice": "author of pull request #1",
        "bob": "merged pull request #1",
        "erin": f"author of commit {short['erin']}",
        "frank": f"committed {short['erin']}",
        "grace": f"co-author of commit {short['grace']}",
        "heidi": f"co-author of commit {short['heidi']}",
        "ivan": f"started run {run.id} again",
    }


def test_a_commit_without_a_pull_request_has_contributors(github: FakeGitHub) -> None:
    run = github.begin_run("push", "bob", sha=github.commit("alice", committer="erin"))
    github.job(run, "apply")
    assert set(facts(github, run).contributors) == {"alice", "erin", "bob"}


def test_everybody_since_the_last_applied_commit_is_a_contributor(github: FakeGitHub) -> None:
    before = merged(github, author="frank")
    applied = merged(github, author="erin")
    merged(github, github.commit("grace"), author="heidi", by="ivan")
    run = merged(github, author="alice", by="bob")
    environ = {**github.job_environment(run, "apply"), **github.person("root", admin=True)}
    source = GitHubApprovals.of(environ)
    known = source.facts("prod", commit=run.head_sha, since=applied.head_sha).contributors
    assert {"alice", "bob", "grace", "heidi", "ivan"} == set(known)
    assert "erin" in source.facts("prod", commit=run.head_sha, since=before.head_sha).contributors
    assert set(source.facts("prod", commit=run.head_sha).contributors) == {"alice", "bob"}, "nothing was applied yet"


def test_authors_beyond_the_first_250_commits_are_contributors(github: FakeGitHub) -> None:
    commits = [github.commit("alice") for _ in range(260)]
    commits[255] = github.commit("zoe")
    assert "zoe" in facts(github, merged(github, *commits)).contributors


def test_a_run_of_another_commit_is_an_error(github: FakeGitHub) -> None:
    run = merged(github)
    environ = {**github.job_environment(run, "apply"), **github.person("root", admin=True)}
    with pytest.raises(GitHubError, match="is of commit"):
        GitHubApprovals.of(environ).facts("prod", commit=github.commit("alice"))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"reviewers": []}, "no required reviewers"),
        ({"prevent_self_review": False}, "reviewers may approve their own deployment"),
        ({"can_admins_bypass": True}, "administrators may bypass it"),
        ({"can_admins_bypass": None}, "administrators may bypass it"),
        ({"branches": []}, "every branch may deploy"),
        ({"branches": ["main", "release/*"]}, "branches release/* may deploy"),
        ({"branches": [], "tags": ["*"]}, "every tag may deploy"),
    ],
)
def test_each_gap_in_the_protection_is_reported(github: FakeGitHub, changed: dict[str, Any], reason: str) -> None:
    run = merged(github)
    github.environment("prod", **{"reviewers": ["platform"], **changed})
    assert reason in facts(github, run).unprotected


def test_an_environment_that_does_not_exist_is_unprotected(github: FakeGitHub) -> None:
    assert list(facts(github, merged(github), "elsewhere").unprotected) == ["it does not exist"]


def test_outside_of_a_workflow_run_reading_approvals_is_an_error(github: FakeGitHub) -> None:
    with pytest.raises(UsageError, match="an approval belongs to a workflow run"):
        GitHubApprovals.of(github.person("root"))


@pytest.mark.parametrize("scope", ["actions: read, ", "deployments: read, ", "contents: read, "])
def test_a_permission_that_the_job_lacks_is_an_error(github: FakeGitHub, workflows: Any, scope: str) -> None:
    file = workflows / "deploy.yml"
    before, _, after = file.read_text(encoding="utf-8").rpartition(scope)
    file.write_text(before + after, encoding="utf-8")
    run = merged(github)
    github.approve(run, "prod", by="carol")
    with pytest.raises(GitHubError, match="403 Resource not accessible by integration"):
        facts(github, run)
