"""Is the state the one that was planned from, and has every earlier apply ended?"""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.gate.facts import RunFacts, StackFacts
from groundwork.refusals import Code, Refusal


def check(run: RunFacts, facts: StackFacts) -> Iterator[Refusal]:
    """STATE_MOVED and UNSETTLED_APPLY."""
    if sentence := _moved(facts):
        yield Refusal(Code.STATE_MOVED, sentence, run.plan_again, facts.stack)
    if facts.unsettled:
        yield Refusal(
            Code.UNSETTLED_APPLY,
            f"an apply began and did not record its end: {facts.unsettled}",
            f"gw recover {facts.stack}",
            facts.stack,
        )


def _moved(facts: StackFacts) -> str:
    then, now = facts.bundle.state, facts.state
    if then == now:
        return ""
    if not now.lineage:
        return f"the state it was planned from (serial {then.serial}) does not exist any more"
    if not then.lineage:
        return f"it was planned without a state, and has one now (serial {now.serial})"
    if then.lineage != now.lineage:
        return "the state was replaced by another one (its lineage differs)"
    return f"it was planned from serial {then.serial} of the state, which is at {now.serial} now"
