"""Drift has one issue per stack, which is opened, updated, closed and reopened."""

from __future__ import annotations

import pytest

from groundwork.github.api import GitHub
from groundwork.github.drift_issues import DriftIssues
from tests.support.fake_github import FakeGitHub


@pytest.fixture
def issues(admin: GitHub) -> DriftIssues:
    return DriftIssues(admin, author="root")


def test_an_issue_is_opened_updated_closed_and_reopened(github: FakeGitHub, issues: DriftIssues) -> None:
    assert issues.report("prod-network", "one rule more") == ("opened", 1)
    assert issues.report("prod-network", "one rule more") == ("unchanged", 1)
    assert issues.report("prod-network", "two rules more") == ("updated", 1)
    assert issues.close("prod-network") == ("closed", 1)
    assert issues.close("prod-network") is None
    assert issues.report("prod-network", "again") == ("reopened", 1)
    assert len(github.state.issues) == 1
    assert github.state.issues[1]["labels"] == [{"name": "drift"}]
    assert "again" in github.state.issues[1]["body"]


def test_each_stack_has_its_own_issue(issues: DriftIssues) -> None:
    assert issues.report("prod-network", "a") == ("opened", 1)
    assert issues.report("prod-network-two", "b") == ("opened", 2)
    assert issues.close("prod-network") == ("closed", 1)
    assert issues.close("nowhere") is None


def test_an_issue_by_somebody_else_with_the_marker_is_not_touched(github: FakeGitHub, issues: DriftIssues) -> None:
    body = "<!-- groundwork:drift:prod-network -->\nnothing to see"
    GitHub.of(github.person("mallory")).send("POST", "issues", {"title": "x", "body": body, "labels": ["drift"]})
    assert issues.report("prod-network", "real") == ("opened", 2)
    assert github.state.issues[1]["body"] == body
