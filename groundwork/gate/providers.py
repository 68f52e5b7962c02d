"""Does every stack that is wanted have a plan? One without is never skipped in silence."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.gate.facts import RunFacts
from groundwork.refusals import Code, Refusal


def check(run: RunFacts) -> Iterator[Refusal]:
    """PROVIDER_MISSING for stacks that could not be planned here, BUNDLE_MISSING for those that nobody planned."""
    planned = {stored.stack for stored in run.index.bundles} | {waiting.stack for waiting in run.index.waiting}
    for stack in run.wanted:
        if stack in planned:
            continue
        if why := run.unplannable.get(stack):
            yield Refusal(Code.PROVIDER_MISSING, f"it could not be planned: {why}", "gw doctor", stack)
        else:
            yield Refusal(Code.BUNDLE_MISSING, "the index holds no plan of it", f"gw plan make {stack}", stack)
