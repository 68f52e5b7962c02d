"""A deployment cancels older ones that still wait for an approval, and no other run."""

from __future__ import annotations

from pathlib import Path

import pytest

from groundwork.errors import GitHubError
from groundwork.github.api import GitHub
from groundwork.github.superseding import Superseded, is_newest, supersede
from tests.support.fake_github import FakeGitHub, Run


def deployment(github: FakeGitHub, sha: str = "", *, ref: str = "refs/heads/main") -> Run:
    """A run whose apply waits for its approval."""
    run = github.begin_run("push", "bob", workflow="deploy.yml", sha=sha or github.commit(), ref=ref)
    github.job(run, "apply")
    return run


def superseded_by(github: FakeGitHub, run: Run, *strangers: str) -> list[Superseded]:
    """What a run supersedes; it contains every commit except `strangers`."""
    api = GitHub.of(github.job_environment(run, "supersede"))
    return list(supersede(api, str(run.id), contains=lambda _, older: older not in strangers))


def test_a_newer_run_cancels_the_one_that_waits_for_an_approval(github: FakeGitHub) -> None:
    older, newer = deployment(github), deployment(github)
    assert superseded_by(github, newer) == [Superseded(older.id, older.head_sha, "cancelled")]
    assert (older.cancelled, newer.cancelled) == (True, False)
    assert superseded_by(github, newer) == []


def test_a_run_of_which_a_job_still_runs_is_not_cancelled(github: FakeGitHub) -> None:
    older, newer = deployment(github), deployment(github)
    github.job(older, "plan")
    assert superseded_by(github, newer) == [Superseded(older.id, older.head_sha, "still running")]
    assert not older.cancelled


def test_a_job_beside_the_wait_is_awaited(github: FakeGitHub) -> None:
    older, newer = deployment(github), deployment(github)
    beside = github.job(older, "plan")
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        beside.ended = len(slept) == 2

    api = GitHub.of(github.job_environment(newer, "supersede"))
    done = supersede(api, str(newer.id), contains=lambda *_: True, patience=60, sleep=sleep)
    assert list(done) == [Superseded(older.id, older.head_sha, "cancelled")]
    assert len(slept) == 2


def test_a_job_that_goes_on_is_awaited_for_a_while_only(github: FakeGitHub) -> None:
    older, newer = deployment(github), deployment(github)
    github.job(older, "plan")
    slept: list[float] = []
    api = GitHub.of(github.job_environment(newer, "supersede"))
    done = supersede(api, str(newer.id), contains=lambda *_: True, patience=60, sleep=slept.append)
    assert list(done) == [Superseded(older.id, older.head_sha, "still running")]
    assert sum(slept) == 60


def test_an_approved_run_is_not_cancelled(github: FakeGitHub) -> None:
    older, newer = deployment(github), deployment(github)
    github.approve(older, "prod", by="carol")
    assert superseded_by(github, newer) == []
    assert not older.cancelled


def test_a_newer_run_and_one_of_other_commits_are_not_cancelled(github: FakeGitHub) -> None:
    elsewhere, first, newer = deployment(github), deployment(github), deployment(github)
    assert superseded_by(github, first, elsewhere.head_sha) == []
    assert not any(run.cancelled for run in (elsewhere, first, newer))


def test_main_does_not_cancel_a_tag_nor_a_tag_main(github: FakeGitHub) -> None:
    github.environment("prod", reviewers=["platform"], tags=["v*"])
    tag, main = deployment(github, ref="refs/tags/v1.0.0"), deployment(github)
    assert superseded_by(github, main) == []
    later = deployment(github, ref="refs/tags/v1.0.1")
    assert [older.run_id for older in superseded_by(github, later)] == [tag.id]
    assert not main.cancelled


def test_without_the_right_to_cancel_the_job_fails(github: FakeGitHub, workflows: Path) -> None:
    file = workflows / "deploy.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("actions: write", "actions: read"), encoding="utf-8")
    older, newer = deployment(github), deployment(github)
    with pytest.raises(GitHubError, match="actions: write"):
        superseded_by(github, newer)
    assert not older.cancelled


def test_a_run_is_the_newest_until_main_moves_on(github: FakeGitHub) -> None:
    run = deployment(github, github.merge(github.open_pull_request(), "bob"))
    api = GitHub.of(github.job_environment(run, "plan"))
    assert is_newest(api, ref=run.ref, commit=run.sha)
    github.merge(github.open_pull_request(), "bob")
    assert not is_newest(api, ref=run.ref, commit=run.sha)
    assert is_newest(api, ref="refs/tags/v1.0.0", commit=run.sha)
