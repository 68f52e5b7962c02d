"""What every stack would change: `cdktf diff`, or what it runs, for many stacks side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from groundwork.errors import StateLocked, TerraformFailed
from groundwork.terraform import printed
from groundwork.terraform.cdktf import StackLog
from groundwork.terraform.printed import PlanCounts
from groundwork.toolchain import side_by_side

OUTPUTS_CHANGE = "Changes to Outputs:"
"""What Terraform prints above them in a plan."""


class Status(StrEnum):
    """What a diff says of a stack. Everything after ERROR was not planned.

    UNTOUCHED is only said against a base: the stack's Terraform and that of all it reads are the same there.
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


@dataclass(frozen=True)
class StackDiff:
    """The diff of one stack. `text` is Terraform's; `why` says what it waits for, or what went wrong."""

    stack: str
    status: Status
    counts: PlanCounts | None = None
    why: str = ""
    text: str = ""


def diff(
    stacks: Sequence[str],
    *,
    plan: Callable[[str, threading.Event], StackLog],
    not_planned: Mapping[str, tuple[Status, str]],
    parallelism: int,
    on_begin: Callable[[str], None] = lambda _: None,
    on_end: Callable[[StackDiff], None] = lambda _: None,
) -> list[StackDiff]:
    """The diffs in the order of `stacks`. `plan` plans one stack, or ends when the event is set; `not_planned` names
    stacks that cannot or need not be planned now, with the reason.
    """

    def one(stack: str, stop: threading.Event) -> StackDiff:
        if stack in not_planned:
            status, why = not_planned[stack]
            found = StackDiff(stack, status, why=why)
        else:
            on_begin(stack)
            try:
                found = read(stack, plan(stack, stop).lines)
            except (TerraformFailed, StateLocked) as error:
                # Of this stack alone: somebody who applies one must not keep a pull request from seeing the others.
                found = StackDiff(stack, Status.ERROR, why=error.message)
        on_end(found)
        return found

    return side_by_side.each(one, stacks, at_once=parallelism)


def waves(found: Sequence[StackDiff], dependencies: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Stack → how many applies lie before its own: 0, or one more than the latest of the changed stacks that it reads.

    A stack behind a changed one is planned again after that apply, and may then change more than its diff says today.
    """
    changing = {one.stack for one in found if one.status in {Status.CHANGED, Status.DESTROYS, Status.REPLACES}}
    numbers: dict[str, int] = {}
    for one in found:
        before = [numbers[up] + (up in changing) for up in dependencies.get(one.stack, ()) if up in numbers]
        numbers[one.stack] = max(before, default=0)
    return numbers


def read(stack: str, lines: Iterable[str]) -> StackDiff:
    """The diff that Terraform printed. Raises TerraformFailed where it printed no result: silence is never green."""
    kept = [line.rstrip() for line in lines]
    found = [counts for line in kept if (counts := printed.plan_counts(line)) is not None]
    text = "\n".join(kept)
    if not found and OUTPUTS_CHANGE in text:
        # Terraform leaves out the `Plan:` line where only outputs change.
        return StackDiff(stack, Status.CHANGED, PlanCounts(0, 0, 0), text=text)
    if not found:
        raise TerraformFailed(f"{stack}: Terraform printed neither a plan nor `No changes`:\n{text[-2000:]}")
    if found[-1] == "empty":
        return StackDiff(stack, Status.UNCHANGED, PlanCounts(0, 0, 0), text=text)
    counts = found[-1]
    replaces = any(line.lstrip().startswith("#") and "must be replaced" in line for line in kept)
    if replaces:
        status = Status.REPLACES
    elif counts.destroy:
        status = Status.DESTROYS
    else:
        status = Status.CHANGED
    return StackDiff(stack, status, counts, text=text)
