"""Did somebody who did not contribute approve, after the plan, in a protected environment?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from groundwork.gate.approval import Approval, ApprovalFacts
from groundwork.gate.facts import RunFacts
from groundwork.refusals import Code, Refusal


def check(run: RunFacts, facts: ApprovalFacts, planned_at: datetime) -> Iterator[Refusal]:
    """ENVIRONMENT_UNPROTECTED, APPROVAL_MISSING, APPROVAL_TOO_EARLY and APPROVAL_BY_AUTHOR.

    `planned_at` is when the last plan was made: before, nobody can have read all of them. One valid approval suffices.
    """
    if facts.unprotected:
        yield Refusal(
            Code.ENVIRONMENT_UNPROTECTED,
            f"the protection of {run.environment} has gaps: {'; '.join(facts.unprotected)}",
            "gw github check",
        )
    command = _command(run)
    if facts.environment != run.environment:
        sentence = f"the approval is of {facts.environment}, the plans are of {run.environment}"
        yield Refusal(Code.APPROVAL_MISSING, sentence, command)
        return
    if (facts.run_id, facts.run_attempt) != (run.run_id, run.run_attempt):
        sentence = f"the approval is of run {facts.run_id}, attempt {facts.run_attempt}"
        yield Refusal(Code.APPROVAL_MISSING, sentence, command)
        return
    if valid(facts, planned_at):
        return
    contributors = _contributors(facts)
    if not facts.approvals:
        yield Refusal(Code.APPROVAL_MISSING, f"nobody has approved these plans of {run.environment}", command)
    if early := [approval for approval in facts.approvals if approval.at < planned_at]:
        who = ", ".join(f"{approval.by} at {approval.at:%Y-%m-%d %H:%M:%S} UTC" for approval in early)
        sentence = f"approved before the plans were made ({planned_at:%Y-%m-%d %H:%M:%S} UTC): {who}"
        yield Refusal(Code.APPROVAL_TOO_EARLY, sentence, command)
    if own := [approval for approval in facts.approvals if approval.by.casefold() in contributors]:
        who = ", ".join(f"{approval.by} ({contributors[approval.by.casefold()]})" for approval in own)
        yield Refusal(Code.APPROVAL_BY_AUTHOR, f"only contributors to the change approved: {who}", command)


def valid(facts: ApprovalFacts, planned_at: datetime) -> list[Approval]:
    """The approvals that count: after the plans, and with only non-contributors among `people`."""
    contributors = _contributors(facts)
    return [
        approval
        for approval in facts.approvals
        if approval.at >= planned_at and not any(person.casefold() in contributors for person in approval.people)
    ]


def _contributors(facts: ApprovalFacts) -> dict[str, str]:
    """The contributors by login in lower case: GitHub's logins ignore case."""
    return {person.casefold(): why for person, why in facts.contributors.items()}


def _command(run: RunFacts) -> str:
    if run.target == "laptop":
        return f"gw approve {run.environment} --as NAME"
    return f"approve the deployment to {run.environment} on GitHub; who may: gw github check"
