"""Stacks that are not applied with the rest of their run, because they need a plan and an approval of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from groundwork.apply.rollout import StackResult
from groundwork.errors import Refused
from groundwork.plan.bundle import Bundle, Index
from groundwork.refusals import Code, Refusal


class PartlyApplied(Refused):
    """Some stacks were held back; `done` holds the results of those that were applied."""

    def __init__(self, refusals: Sequence[Refusal], done: Sequence[StackResult]) -> None:
        super().__init__(refusals)
        self.done = tuple(done)


def without_plan(index: Index, stacks: Sequence[str]) -> dict[str, Refusal]:
    """Stack → WAVE_WAITS, for those of `stacks` that cannot be planned before others are applied."""
    refusals = {}
    for waiting in index.waiting:
        if waiting.stack in stacks:
            outputs = f", whose outputs are unknown until then: {', '.join(waiting.outputs)}" if waiting.outputs else ""
            sentence = f"it cannot be planned before {', '.join(waiting.upstream)} is applied{outputs}"
            refusals[waiting.stack] = _waits(waiting.stack, sentence)
    return refusals


def behind(
    stack: str, bundles: Mapping[str, Bundle], held: Collection[str], waiting: Collection[str]
) -> Refusal | None:
    """WAVE_WAITS for a stack that has to follow one that is held back or has no plan yet; None otherwise."""
    bundle = bundles[stack]
    upstream = [name for name in bundle.dependencies if name in held]
    if bundle.purpose == "destroy":
        # A stack that is not applied now may be the one whose change stops reading this one.
        upstream = list(dict.fromkeys([*held, *waiting]))
    return _waits(stack, f"it comes after {', '.join(upstream)}, which was not applied") if upstream else None


def plan_command(stack: str) -> str:
    """How to get a plan and an approval for a stack alone."""
    return f"gw plan make {stack}, gw plan push, and have it approved"


def _waits(stack: str, sentence: str) -> Refusal:
    return Refusal(Code.WAVE_WAITS, sentence, plan_command(stack), stack)
