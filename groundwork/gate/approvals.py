"""Did somebody else say yes, after the plan, where a yes is worth something?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from groundwork.gate.approval import Approval, ApprovalFacts
from groundwork.gate.facts import RunFacts
from groundwork.refusals import Code, Refusal


def check(run: RunFacts, facts: ApprovalFacts, planned_at: datetime) -> Iterator[Refusal]:
    """ENVIRONMENT_UNPROTECTED, APPROVAL_MISSING, APPROVAL_TOO_EARLY and APPROVAL_BY_AUTHOR.

    `planned_at` is when the last of the plans was made: nobody can have read them before. One good approval is enough.
    """
    if facts.unprotected:
        yield Refusal(
            Code.ENVIRONMENT_UNPROTECTED,
            f"the protection of {run.environment} does not hold: {'; '.join(facts.unprotected)}",
            "gw github check",
        )
    if facts.environment != run.environment:
        yield _missing(run, f"the approval is of {facts.environment}, the plans are of {run.environment}")
        return
    if (facts.run_id, facts.run_attempt) != (run.run_id, run.run_attempt):
        yield _missing(run, f"the approval is of run {facts.run_id}, attempt {facts.run_attempt}")
        return
    if good(facts, planned_at):
        return
    involved = _involved(facts)
    early = [one for one in facts.approvals if one.at < planned_at]
    own = [one for one in facts.approvals if one.by.casefold() in involved]
    if not facts.approvals:
        yield _missing(run, f"nobody has approved these plans of {run.environment}")
    if early:
        yield Refusal(Code.APPROVAL_TOO_EARLY, _too_early(early, planned_at), _way(run))
    if own:
        yield Refusal(Code.APPROVAL_BY_AUTHOR, _by_author(own, involved), _way(run))


def good(facts: ApprovalFacts, planned_at: datetime) -> list[Approval]:
    """The approvals that count: after the plans, by somebody whose change it is not, whoever of those named it was."""
    involved = _involved(facts)
    return [
        one
        for one in facts.approvals
        if one.at >= planned_at and not any(person.casefold() in involved for person in one.people)
    ]


def _involved(facts: ApprovalFacts) -> dict[str, str]:
    """Logins differ in case only on paper."""
    return {person.casefold(): why for person, why in facts.involved.items()}


def _missing(run: RunFacts, sentence: str) -> Refusal:
    return Refusal(Code.APPROVAL_MISSING, sentence, _way(run))


def _way(run: RunFacts) -> str:
    if run.target == "laptop":
        return f"gw approve {run.environment} --as NAME"
    return f"approve the deployment to {run.environment} on GitHub; who may: gw github check"


def _too_early(early: Sequence[Approval], planned_at: datetime) -> str:
    given = ", ".join(f"{one.by} at {one.at:%Y-%m-%d %H:%M:%S} UTC" for one in early)
    return f"approved before the plans were made ({planned_at:%Y-%m-%d %H:%M:%S} UTC): {given}"


def _by_author(own: Sequence[Approval], involved: Mapping[str, str]) -> str:
    given = ", ".join(f"{one.by} ({involved[one.by.casefold()]})" for one in own)
    return f"only those approved whose change it is: {given}"
