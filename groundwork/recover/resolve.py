"""Resolves an apply without a recorded end: a person has checked it and gives a reason; then applies go on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from groundwork.errors import UsageError
from groundwork.recover.inspect import Inspector, Report
from groundwork.refusals import Code, Refusal, require_none
from groundwork.store.audit import Decision, require_reason
from groundwork.store.journal import Began, Ended


def resolve(inspector: Inspector, report: Report, reason: str, *, who: str, at: datetime) -> list[Began]:
    """Record at `at` (UTC) that `who` resolves the open applies of a stack, and why; returns them.

    Raises UsageError where there is no open apply, the reason is too short, the state is locked or cannot be read, or a
    state that was never stored lies on this machine: for each of those there is a command that loses nothing.
    """
    _require_resolvable(report)
    reason = require_reason(reason, example='--reason "imported the queue, see INC-123"')
    for began in report.opened:
        # The decision first: whoever resolves an apply is accountable for it.
        if inspector.store and not began.is_plain:
            inspector.store.record(
                Decision(
                    kind="recovered",
                    environment=began.environment,
                    who=who,
                    at=at,
                    commit=began.commit,
                    run_id=began.run_id,
                    run_attempt=began.run_attempt,
                    stacks=(began.stack,),
                    digests={began.stack: began.digest},
                    reason=reason,
                )
            )
        why = "; in no state: ".join([reason, *report.unrecorded])
        _end(inspector, began, why, who=who, at=at)
    return list(report.opened)


def settle(inspector: Inspector, stacks: Collection[str], *, who: str, at: datetime) -> list[str]:
    """Settle the plain deploys of this machine that were killed, before anything of these stacks changes.

    Where nothing is left of one, that is recorded, and its stack is among those that are returned. Raises Refused
    (`unsettled-apply`) for all the others at once. A deploy that still runs was not killed: the state's lock keeps the
    two apart.
    """
    killed = [began for began in inspector.local.open() if not began.is_running]
    opened = [stack for stack in dict.fromkeys(began.stack for began in killed) if stack in stacks]
    reports = [inspector.stack(stack) for stack in opened]
    require_none(
        [
            Refusal(
                Code.UNSETTLED_APPLY,
                f"a deploy was killed and left something behind: {report.opened[-1]}",
                f"gw recover {report.stack}",
                report.stack,
            )
            for report in reports
            if not report.repeatable
        ]
    )
    for began in killed:
        if began.stack in opened:
            _end(inspector, began, "nothing was left of it", who=who, at=at)
    return opened


def _end(inspector: Inspector, began: Began, why: str, *, who: str, at: datetime) -> None:
    journal = inspector.local if began.is_plain else inspector.journals[-1]
    journal.end(Ended(id=began.id, stack=began.stack, result="recovered", why=why, by=who, at=at))


def _require_resolvable(report: Report) -> None:
    stack = report.stack
    if not report.opened:
        raise UsageError(f"{stack}: no apply is open", fix=f"gw plan make {stack}")
    if report.checksum:
        raise UsageError(
            f"{stack}: the stored checksum is not that of the state", fix=f"gw recover {stack} --correct-checksum"
        )
    if report.lock:
        raise UsageError(
            f"{stack} is locked by {report.lock.who}: the apply may still be running",
            fix=f"if its run has died: gw unlock {stack} {report.lock.id}",
        )
    if report.left and not report.left.problem:
        raise UsageError(
            f"{report.left.path} holds a state that was never stored", fix=f"gw recover {stack} --push-state"
        )
