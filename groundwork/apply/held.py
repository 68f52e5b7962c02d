"""Stacks that are not applied with the others of their run: they need plans, and a yes, of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from groundwork.apply.rollout import Result
from groundwork.errors import Refused
from groundwork.plan.bundle import Bundle, Index
from groundwork.refusals import Code, Refusal


class PartlyApplied(Refused):
    """Some stacks were held back; `done` is what came of those that were applied before and beside them."""

    def __init__(self, refusals: Sequence[Refusal], done: Sequence[Result]) -> None:
        super().__init__(refusals)
        self.done = tuple(done)


def waiting(index: Index, stacks: Sequence[str]) -> dict[str, Refusal]:
    """Stack → WAVE_WAITS, for those of `stacks` that could not be planned before others are applied."""
    found = {}
    for one in index.waiting:
        if one.stack in stacks:
            outputs = f", whose outputs are unknown until then: {', '.join(one.outputs)}" if one.outputs else ""
            sentence = f"it cannot be planned before {', '.join(one.upstream)} is applied{outputs}"
            found[one.stack] = Refusal(Code.WAVE_WAITS, sentence, again(one.stack), one.stack)
    return found


def behind(
    stack: str, bundles: Mapping[str, Bundle], held: Collection[str], waiting: Collection[str]
) -> Refusal | None:
    """WAVE_WAITS for a stack that cannot go before one that is held back, or that waits; None where it can."""
    bundle = bundles[stack]
    upstream = [one for one in bundle.dependencies if one in held]
    if bundle.purpose == "destroy":
        # A stack that is not applied now may be just the one that stops reading this one.
        upstream = list(dict.fromkeys([*held, *waiting]))
    if not upstream:
        return None
    return Refusal(Code.WAVE_WAITS, f"it comes after {', '.join(upstream)}, which was not applied", again(stack), stack)


def again(stack: str) -> str:
    """The way to a plan of its own."""
    return f"gw plan make {stack}, gw plan push, and have it approved"
