"""Moves between states, which Terraform does not see: a renamed stack, or a resource that moves to another stack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Kind, Risk, Severity
from groundwork.review.values import identity
from groundwork.synthesis import data_holders

_ALIKE = 0.75
"""With at least this share of equal addresses, a new stack counts as a removed one under another name."""


def find(stacks: Sequence[StackComparison]) -> Iterator[Risk]:
    """Stacks that look renamed, and resources with data that look moved from one stack to another."""
    removed = [stack for stack in stacks if stack.state == "removed"]
    renamed: set[str] = set()
    for stack in stacks:
        if stack.state != "added":
            continue
        old = next(
            (candidate for candidate in removed if candidate.name not in renamed and _alike(candidate, stack)), None
        )
        if old is not None:
            renamed |= {old.name, stack.name}
            yield stack.risk(
                Concern.DATA_LOSS,
                Severity.HIGH,
                f"It looks like {old.name} under another name, but its state begins empty: everything would be created "
                f"again beside what {old.name} left. Keep the name, or move the state before the first plan.",
            )
    others = [stack for stack in stacks if stack.name not in renamed]
    removals = [change for stack in others for change in _of_kind(stack, Kind.REMOVED)]
    for change in (change for stack in others for change in _of_kind(stack, Kind.ADDED)):
        source = next(
            (candidate for candidate in removals if candidate.stack != change.stack and _same(candidate, change)), None
        )
        if source is not None:
            yield change.risk(
                Concern.DATA_LOSS,
                Severity.HIGH,
                f"It looks like {source.resource.address} of {source.stack}, which is destroyed: to move it, take it "
                "out of that state with a removed block, and into this one with import_from.",
            )


def _alike(old: StackComparison, new: StackComparison) -> bool:
    before, after = set(old.base_resources), set(new.head_resources)
    return bool(before) and len(before & after) / len(before | after) >= _ALIKE


def _of_kind(stack: StackComparison, kind: Kind) -> Iterator[Change]:
    return (change for change in stack.changes if change.kind == kind and data_holders.lost_with(change.resource.type))


def _same(old: Change, new: Change) -> bool:
    return old.resource.type == new.resource.type and identity(dict(old.resource.body)) == identity(
        dict(new.resource.body)
    )
