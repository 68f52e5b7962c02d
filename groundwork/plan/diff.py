"""The diff of one stack: what its plan would change, or why it was not planned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from groundwork.plan import contents
from groundwork.plan.attributes import Attributes
from groundwork.plan.attributes import of_plan as of_document
from groundwork.plan.bundle import Counts
from groundwork.terraform.terraform import PlanFile


class Status(StrEnum):
    """The result of a diff. Stacks with a status after ERROR were not planned.

    UNTOUCHED exists against a base only: the stack's Terraform and that of everything it reads are the same there.
    ORPHANED has a state but no code any more. WAITING reads an output that is unknown until another stack is applied.
    """

    UNCHANGED = "no change"
    CHANGED = "change"
    DESTROYS = "destroy"
    REPLACES = "replace"
    ERROR = "error"
    BLOCKED = "blocked"
    WAITING = "waiting"
    NO_PROVIDER = "not planned: provider missing"
    NO_CLUSTER = "not planned: no cluster"
    ORPHANED = "orphaned"
    UNTOUCHED = "untouched"


CHANGING = frozenset({Status.CHANGED, Status.DESTROYS, Status.REPLACES})


@dataclass(frozen=True)
class StackDiff:
    """The diff of one stack. `text` is Terraform's, for people; `why` names what it waits for, or what went wrong."""

    stack: str
    status: Status
    counts: Counts | None = None
    why: str = ""
    text: str = ""
    attributes: Attributes | None = None
    """What the plan changes, without secrets."""


def of_plan(stack: str, plan: PlanFile, *, secrets_read: Callable[[], Iterable[Any]] = tuple) -> StackDiff:
    """The diff that a plan shows; `secrets_read` returns the sensitive outputs that the stack reads.

    Status and counts come from Terraform's exit code and JSON, never from its text.
    """
    if not plan.has_changes:
        return StackDiff(stack, Status.UNCHANGED, Counts(add=0, change=0, destroy=0), text=plan.text)
    outcome = contents.outcome(plan.document)
    # Terraform can report a change although no resource and no output has one: a change of the state itself.
    status = Status.CHANGED if outcome == "no change" else Status(outcome)
    attributes = of_document(stack, plan.document, secrets_read=secrets_read())
    return StackDiff(stack, status, contents.counts(plan.document), text=plan.text, attributes=attributes)


def waves(diffs: Sequence[StackDiff], dependencies: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Stack → its wave: 0, or one more than the latest wave of the changed stacks that it reads.

    A stack that reads a changed one is planned again after that apply, and may change more than its diff shows now.
    """
    changed = {diff.stack for diff in diffs if diff.status in CHANGING}
    numbers: dict[str, int] = {}
    for diff in diffs:
        before = [numbers[up] + (up in changed) for up in dependencies.get(diff.stack, ()) if up in numbers]
        numbers[diff.stack] = max(before, default=0)
    return numbers
