"""An approval counts if a non-contributor gave it for these plans, after they were made, in a protected environment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from groundwork.gate.approval import Approval, ApprovalFacts
from groundwork.plan import plans_file
from groundwork.refusals import Code
from groundwork.store.audit import Decision
from tests.gate.gated_project import GatedProject, codes, only
from tests.support.planned_project import ENVIRONMENT

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def test_refuses_approval_missing(project: GatedProject) -> None:
    """Nobody approved these plans; an approval of others does not count."""
    project.push_plans()
    reasons = project.refusals()
    assert codes(reasons) == {Code.APPROVAL_MISSING}
    assert only(reasons, Code.APPROVAL_MISSING).command == "gw approve local --as NAME"

    project.approve()
    assert project.refusals() == []
    project.push_plans()
    assert codes(project.refusals()) == {Code.APPROVAL_MISSING}, "new plans need a new approval"


def test_refuses_approval_too_early(project: GatedProject) -> None:
    project.push_plans()
    before = plans_file.read(project.index_path).planned_at - timedelta(seconds=1)
    project.approve(at=before)
    reasons = project.refusals()
    assert codes(reasons) == {Code.APPROVAL_TOO_EARLY}
    assert "reviewer" in only(reasons, Code.APPROVAL_TOO_EARLY).sentence
    project.approve()
    assert project.refusals() == [], "the later approval counts"


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
def test_refuses_approval_by_author(project: GatedProject, who: str, why: str) -> None:
    """The approval of a contributor does not count; another one is enough."""
    project.commit("a change\n\nCo-authored-by: Bob <bob@example.org>", author="Ada <ada@example.org>")
    project.git("config", "user.name", "Somebody Here")
    project.push_plans()
    project.approve(who)
    reasons = project.refusals()
    assert codes(reasons) == {Code.APPROVAL_BY_AUTHOR}
    assert why in only(reasons, Code.APPROVAL_BY_AUTHOR).sentence
    project.approve("Carol")
    assert project.refusals() == []


def test_every_author_of_a_merged_branch_is_a_contributor(project: GatedProject) -> None:
    project.commit("long merged", author="Fay <fay@example.org>")
    project.git("checkout", "-q", "-b", "topic")
    project.commit("one", author="Dora <dora@example.org>")
    project.commit("two", author="Emil <emil@example.org>")
    project.git("checkout", "-q", "main")
    project.git("merge", "-q", "--no-ff", "-m", "merged", "topic")
    project.git("branch", "-D", "-q", "topic")
    project.push_plans()
    project.approve("Dora")
    project.approve("Emil")
    sentence = only(project.refusals(), Code.APPROVAL_BY_AUTHOR).sentence
    assert "Dora" in sentence
    assert "Emil" in sentence
    project.approve("Fay")
    assert project.refusals() == [], "authors of earlier commits are not contributors"


def test_authors_since_the_last_applied_commit_are_contributors(project: GatedProject) -> None:
    project.commit("applied", author="Fay <fay@example.org>")
    index = project.push_plans()
    project.store.record(Decision.about(index, index.bundles, kind="deployed", who="carol", at=datetime.now(UTC)))
    project.commit("not applied", author="Dora <dora@example.org>")
    project.commit("the last", author="Emil <emil@example.org>")
    project.push_plans()
    project.approve("Dora")
    assert "Dora" in only(project.refusals(), Code.APPROVAL_BY_AUTHOR).sentence
    project.approve("Fay")
    assert project.refusals() == [], "what Fay did is applied already"


class Live:
    """Facts as GitHub would return them for this run."""

    def __init__(self, *approvals: Approval, unprotected: tuple[str, ...] = (), environment: str = ENVIRONMENT) -> None:
        self._approvals, self._unprotected, self._environment = approvals, unprotected, environment

    def facts(self, environment: str, *, commit: str, since: str = "") -> ApprovalFacts:
        return ApprovalFacts(self._environment, self._approvals, {}, self._unprotected, "laptop", 1)


def test_refuses_environment_unprotected(project: GatedProject) -> None:
    """An approval counts only where the environment requires it."""
    project.push_plans()
    good = Approval("carol", datetime.now(UTC))
    reasons = project.refusals(source=Live(good, unprotected=("no required reviewers", "administrators may bypass it")))
    assert codes(reasons) == {Code.ENVIRONMENT_UNPROTECTED}
    assert "no required reviewers; administrators may bypass it" in only(reasons, Code.ENVIRONMENT_UNPROTECTED).sentence
    assert project.refusals(source=Live(good)) == []


def test_an_approval_of_another_environment_does_not_count(project: GatedProject) -> None:
    project.push_plans()
    assert codes(project.refusals(source=Live(Approval("carol", datetime.now(UTC)), environment="dev"))) == {
        Code.APPROVAL_MISSING
    }
