"""An approval counts from somebody who did not contribute, of these plans, after they were made, where protected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from groundwork.gate.approval import Approval, ApprovalFacts
from groundwork.plan import plans_file
from groundwork.refusals import Code
from tests.gate.mini_project import ENVIRONMENT, Mini
from tests.gate.reading import codes, only

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def test_refuses_approval_missing(mini: Mini) -> None:
    """Nobody approved; and an approval of other plans does not count for these."""
    mini.plan()
    reasons = mini.refusals()
    assert codes(reasons) == {Code.APPROVAL_MISSING}
    assert only(reasons, Code.APPROVAL_MISSING).command == "gw approve local --as NAME"

    mini.approve()
    assert mini.refusals() == []
    mini.plan()
    assert codes(mini.refusals()) == {Code.APPROVAL_MISSING}, "planned again, to be read again"


def test_refuses_approval_too_early(mini: Mini) -> None:
    mini.plan()
    before = plans_file.read(mini.plans).planned_at - timedelta(seconds=1)
    mini.approve(at=before)
    reasons = mini.refusals()
    assert codes(reasons) == {Code.APPROVAL_TOO_EARLY}
    assert "reviewer" in only(reasons, Code.APPROVAL_TOO_EARLY).sentence
    mini.approve()
    assert mini.refusals() == [], "the later yes counts"


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("Ada", "author of commit"),
        ("ada@example.org", "author of commit"),
        ("ADA", "author of commit"),
        ("Bob", "co-author of commit"),
        ("Lap Top", "committer of commit"),
        ("Somebody Here", "works in this checkout"),
        ("planner", "made the plans"),
    ],
)
def test_refuses_approval_by_author(mini: Mini, who: str, why: str) -> None:
    """A valid approval is enough; that of a contributor does not count."""
    mini.commit("a change\n\nCo-authored-by: Bob <bob@example.org>", author="Ada <ada@example.org>")
    mini.git("config", "user.name", "Somebody Here")
    mini.plan()
    mini.approve(who)
    reasons = mini.refusals()
    assert codes(reasons) == {Code.APPROVAL_BY_AUTHOR}
    assert why in only(reasons, Code.APPROVAL_BY_AUTHOR).sentence
    mini.approve("Carol")
    assert mini.refusals() == []


def test_everybody_whose_commits_a_merge_brings_in_is_an_author(mini: Mini) -> None:
    mini.commit("long merged", author="Fay <fay@example.org>")
    mini.git("checkout", "-q", "-b", "topic")
    mini.commit("one", author="Dora <dora@example.org>")
    mini.commit("two", author="Emil <emil@example.org>")
    mini.git("checkout", "-q", "main")
    mini.git("merge", "-q", "--no-ff", "-m", "merged", "topic")
    mini.git("branch", "-D", "-q", "topic")
    mini.plan()
    mini.approve("Dora")
    mini.approve("Emil")
    sentence = only(mini.refusals(), Code.APPROVAL_BY_AUTHOR).sentence
    assert "Dora" in sentence
    assert "Emil" in sentence
    mini.approve("Fay")
    assert mini.refusals() == [], "authors of earlier commits are not contributors"


class Live:
    """Facts as GitHub gives them, of a run that is this one."""

    def __init__(self, *approvals: Approval, unprotected: tuple[str, ...] = (), environment: str = ENVIRONMENT) -> None:
        self._approvals, self._unprotected, self._environment = approvals, unprotected, environment

    def facts(self, environment: str, *, commit: str) -> ApprovalFacts:
        return ApprovalFacts(self._environment, self._approvals, {}, self._unprotected, "laptop", 1)


def test_refuses_environment_unprotected(mini: Mini) -> None:
    """An approval counts only where the environment requires it."""
    mini.plan()
    good = Approval("carol", datetime.now(UTC))
    reasons = mini.refusals(source=Live(good, unprotected=("no required reviewers", "administrators may bypass it")))
    assert codes(reasons) == {Code.ENVIRONMENT_UNPROTECTED}
    assert "no required reviewers; administrators may bypass it" in only(reasons, Code.ENVIRONMENT_UNPROTECTED).sentence
    assert mini.refusals(source=Live(good)) == []


def test_an_approval_of_another_environment_does_not_count(mini: Mini) -> None:
    mini.plan()
    assert codes(mini.refusals(source=Live(Approval("carol", datetime.now(UTC)), environment="dev"))) == {
        Code.APPROVAL_MISSING
    }
