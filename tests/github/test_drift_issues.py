"""Drift has one issue per stack: it opens, changes, comes back and closes, and never multiplies."""

from __future__ import annotations

import pytest

from groundwork.github.api import GitHub
from groundwork.github.drift_issues import DriftIssues
from tests.support.fake_github import FakeGitHub


@pytest.fixture
def issues(admin: GitHub) -> DriftIssues:
    return DriftIssues(admin, author="root")


def test_an_issue_opens_changes_closes_and_comes_back(github: FakeGitHub, issues: DriftIssues) -> None:
    assert issues.report("prod-network", "one rule more") == ("opened", 1)
    assert issues.report("prod-network", "one rule more") == ("unchanged", 1)
    assert issues.report("prod-network", "two rules more") == ("updated", 1)
    assert issues.settle("prod-network") == ("closed", 1)
    assert issues.settle("prod-network") is None
    assert issues.report("prod-network", "again") == ("reopened", 1)
    assert len(github.state.issues) == 1
    assert github.state.issues[1]["labels"] == [{"name": "drift"}]
    assert "again" in github.state.issues[1]["body"]


def test_each_stack_has_its_own(issues: DriftIssues) -> None:
    assert issues.report("prod-network", "a") == ("opened", 1)
    assert issues.report("prod-network-two", "b") == ("opened", 2)
    assert issues.settle("prod-network") == ("closed", 1)
    assert issues.settle("nowhere") is None


def test_an_issue_of_somebody_else_with_our_marker_is_left_alone(github: FakeGitHub, issues: DriftIssues) -> None:
    body = "<!-- groundwork:drift:prod-network -->\nnothing to see"
    GitHub.of(github.person("mallory")).send("POST", "issues", {"title": "x", "body": body, "labels": ["drift"]})
    assert issues.report("prod-network", "real") == ("opened", 2)
    assert github.state.issues[1]["body"] == body
