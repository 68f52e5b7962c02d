"""The order in which approved plans are applied: what stacks read first, what goes for good last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter

from groundwork.plan.bundle import Bundle


def levels(bundles: Mapping[str, Bundle]) -> list[list[str]]:
    """Stacks level by level; those of one level do not wait for each other. Each level is in the order given.

    A stack comes behind those it reads. One that is destroyed comes before those it reads, and otherwise behind all
    that are applied: they may have stopped reading it in this very change.
    """
    before: dict[str, set[str]] = {stack: set() for stack in bundles}
    for stack, bundle in bundles.items():
        for upstream in bundle.dependencies:
            if upstream in bundles:
                earlier, later = (stack, upstream) if bundle.purpose == "destroy" else (upstream, stack)
                before[later].add(earlier)
    for gone in (stack for stack, bundle in bundles.items() if bundle.purpose == "destroy"):
        behind = _behind(gone, before)
        for stack, bundle in bundles.items():
            if bundle.purpose == "apply" and stack not in behind:
                before[gone].add(stack)
    sorter = TopologicalSorter(before)
    sorter.prepare()
    order: list[list[str]] = []
    while sorter.is_active():
        ready: Sequence[str] = sorter.get_ready()
        order.append([stack for stack in bundles if stack in ready])
        sorter.done(*ready)
    return order


def _behind(stack: str, before: Mapping[str, set[str]]) -> set[str]:
    """Everything that has to come after `stack`."""
    found: set[str] = set()
    grew = True
    while grew:
        more = {one for one, earlier in before.items() if one not in found and earlier & ({stack} | found)}
        found |= more
        grew = bool(more)
    return found
