"""Resolves an apply without a recorded end: a person checked and gives a reason; then new plans can be applied."""

from __future__ import annotations

from datetime import datetime

from groundwork.errors import UsageError
from groundwork.recover.inspect import Report
from groundwork.store.audit import Decision
from groundwork.store.journal import Began, Ended, Journal
from groundwork.store.plan_store import PlanStore

_SHORTEST = 10  # characters, as for break-glass


def resolve(store: PlanStore, report: Report, reason: str, *, who: str, at: datetime) -> list[Began]:
    """Record at `at` (UTC) that `who` resolves the open applies of a stack, and why; returns them.

    Raises UsageError where nothing is open, the reason is too short, the state is locked or cannot be read, or a state
    that was never stored lies on this machine: each of those is resolved by a command of its own that loses nothing.
    """
    _refuse(report, reason.strip())
    for began in report.opened:
        # The decision first: whatever resolves an apply has to be accounted for.
        store.record(
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
                reason=reason.strip(),
            )
        )
        why = "; in no state: ".join([reason.strip(), *report.unrecorded])
        Journal(store.objects).end(Ended(id=began.id, stack=began.stack, result="recovered", why=why, by=who, at=at))
    return list(report.opened)


def _refuse(report: Report, reason: str) -> None:
    stack = report.stack
    if not report.opened:
        raise UsageError(f"{stack}: no apply is open", fix=f"gw plan make {stack}")
    if len(reason) < _SHORTEST or " " not in reason:
        raise UsageError(
            f"{reason!r} is too short for a reason", fix='for example: --reason "imported the queue, see INC-123"'
        )
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
