"""The diff of one stack: what its plan would change, and what it waits for where it has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from groundwork.plan import contents
from groundwork.plan.bundle import Counts
from groundwork.terraform.terraform import PlanFile


class Status(StrEnum):
    """What a diff reports of a stack. Everything after ERROR was not planned.

    UNTOUCHED is reported against a base only: the stack's Terraform and that of all it reads are the same there.
    ORPHANED has a state but no code any more. WAITING reads an output that is unknown before another stack's apply.
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


def of_plan(stack: str, plan: PlanFile) -> StackDiff:
    """The diff that a plan is. Status and counts come from Terraform's exit code and JSON, never from its text."""
    if not plan.has_changes:
        return StackDiff(stack, Status.UNCHANGED, Counts(add=0, change=0, destroy=0), text=plan.text)
    outcome = contents.outcome(plan.document)
    # Terraform may see a change where no resource and no output has one, in what it knows of the state itself.
    status = Status.CHANGED if outcome == "no change" else Status(outcome)
    return StackDiff(stack, status, contents.counts(plan.document), text=plan.text)


def waves(diffs: Sequence[StackDiff], dependencies: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Stack → how many applies lie before its own: 0, or one more than the latest of the changed stacks that it reads.

    A stack behind a changed one is planned again after that apply, and may then change more than its diff shows now.
    """
    changing = {diff.stack for diff in diffs if diff.status in CHANGING}
    numbers: dict[str, int] = {}
    for diff in diffs:
        before = [numbers[up] + (up in changing) for up in dependencies.get(diff.stack, ()) if up in numbers]
        numbers[diff.stack] = max(before, default=0)
    return numbers
