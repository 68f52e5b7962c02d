"""A yes counts where somebody else gave it, to these plans, after they were made, where a yes is asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from groundwork.gate.approval import Approval, ApprovalFacts
from groundwork.plan import plans_file
from groundwork.refusals import Code
from tests.gate.mini_project import ENVIRONMENT, Mini
from tests.gate.reading import codes, one

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def test_refuses_approval_missing(mini: Mini) -> None:
    """Nobody said yes; and a yes to other plans is none to these."""
    mini.plan()
    found = mini.refusals()
    assert codes(found) == {Code.APPROVAL_MISSING}
    assert one(found, Code.APPROVAL_MISSING).command == "gw approve local --as NAME"

    mini.approve()
    assert mini.refusals() == []
    mini.plan()
    assert codes(mini.refusals()) == {Code.APPROVAL_MISSING}, "planned again, to be read again"


def test_refuses_approval_too_early(mini: Mini) -> None:
    mini.plan()
    before = plans_file.read(mini.plans).planned_at - timedelta(seconds=1)
    mini.approve(at=before)
    found = mini.refusals()
    assert codes(found) == {Code.APPROVAL_TOO_EARLY}
    assert "reviewer" in one(found, Code.APPROVAL_TOO_EARLY).sentence
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
    """One good yes is enough; one of those whose change it is is none."""
    mini.commit("a change\n\nCo-authored-by: Bob <bob@example.org>", author="Ada <ada@example.org>")
    mini.git("config", "user.name", "Somebody Here")
    mini.plan()
    mini.approve(who)
    found = mini.refusals()
    assert codes(found) == {Code.APPROVAL_BY_AUTHOR}
    assert why in one(found, Code.APPROVAL_BY_AUTHOR).sentence
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
    sentence = one(mini.refusals(), Code.APPROVAL_BY_AUTHOR).sentence
    assert "Dora" in sentence
    assert "Emil" in sentence
    mini.approve("Fay")
    assert mini.refusals() == [], "whose work was there before is not involved"


class Live:
    """Facts as GitHub gives them, of a run that is this one."""

    def __init__(self, *approvals: Approval, unprotected: tuple[str, ...] = (), environment: str = ENVIRONMENT) -> None:
        self._approvals, self._unprotected, self._environment = approvals, unprotected, environment

    def facts(self, environment: str, *, commit: str) -> ApprovalFacts:
        return ApprovalFacts(self._environment, self._approvals, {}, self._unprotected, "laptop", 1)


def test_refuses_environment_unprotected(mini: Mini) -> None:
    """However good the approval is: where nobody had to ask for one, it says nothing."""
    mini.plan()
    good = Approval("carol", datetime.now(UTC))
    found = mini.refusals(source=Live(good, unprotected=("no required reviewers", "administrators may bypass it")))
    assert codes(found) == {Code.ENVIRONMENT_UNPROTECTED}
    assert "no required reviewers; administrators may bypass it" in one(found, Code.ENVIRONMENT_UNPROTECTED).sentence
    assert mini.refusals(source=Live(good)) == []


def test_an_approval_of_another_environment_does_not_count(mini: Mini) -> None:
    mini.plan()
    assert codes(mini.refusals(source=Live(Approval("carol", datetime.now(UTC)), environment="dev"))) == {
        Code.APPROVAL_MISSING
    }
