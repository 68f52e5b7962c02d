"""The order in which approved plans are applied: upstream stacks first, destroyed stacks last."""

from __future__ import annotations

from collections.abc import Mapping

from groundwork.plan import prerequisites
from groundwork.plan.bundle import Bundle


def batches(bundles: Mapping[str, Bundle]) -> list[list[str]]:
    """Stacks in batches, one after the other; stacks of a batch do not wait for each other. Each keeps its order.

    A stack comes after those it reads. A stack that is destroyed comes before those it reads, and otherwise after all
    that are applied: this very change may be what stops reading it.
    """
    before: dict[str, set[str]] = {stack: set() for stack in bundles}
    for stack, bundle in bundles.items():
        for upstream in bundle.dependencies:
            if upstream in bundles:
                earlier, later = (stack, upstream) if bundle.purpose == "destroy" else (upstream, stack)
                before[later].add(earlier)

    def comes_after(stack: str, other: str) -> bool:
        return any(earlier == other or comes_after(earlier, other) for earlier in before[stack])

    applied = [stack for stack, bundle in bundles.items() if bundle.purpose == "apply"]
    for destroyed in bundles.keys() - set(applied):
        before[destroyed] |= {stack for stack in applied if not comes_after(stack, destroyed)}
    return prerequisites.batches(list(bundles), {stack: list(earlier) for stack, earlier in before.items()})
