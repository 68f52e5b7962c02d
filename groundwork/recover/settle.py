"""Settles an apply that nobody saw the end of: a person looked, and says so; from then on new plans are applied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from groundwork.errors import UsageError
from groundwork.recover.inspect import Report
from groundwork.store.audit import Decision
from groundwork.store.journal import Began, Ended, Journal
from groundwork.store.plan_store import PlanStore

_SHORTEST = 10  # characters, as for break-glass


@dataclass(frozen=True)
class Settling:
    """`who` settles, at `at` (UTC), in the store of one environment."""

    store: PlanStore
    who: str
    at: datetime

    def settle(self, report: Report, reason: str) -> list[Began]:
        """Write down that the open applies of a stack are settled, and why; returns them.

        Raises UsageError where nothing is open, the reason says nothing, the state is locked or cannot be read, or a
        state lies on this machine that was not stored: those have a way of their own that loses nothing.
        """
        stack = report.stack
        if not report.opened:
            raise UsageError(f"{stack}: no apply is open", fix=f"gw plan make {stack}")
        if len(reason.strip()) < _SHORTEST or " " not in reason.strip():
            raise UsageError(f"{reason!r} is no reason", fix='for example: --reason "imported the queue, see INC-123"')
        if report.checksum:
            raise UsageError(
                f"{stack}: the checksum of the state is not that of the state",
                fix=f"gw recover {stack} --correct-checksum",
            )
        if report.lock:
            raise UsageError(
                f"{stack} is locked by {report.lock.who}: the apply may still be at work",
                fix=f"if its run has died: gw unlock {stack} {report.lock.id}",
            )
        if report.left and not report.left.problem:
            raise UsageError(
                f"{report.left.path} holds a state that was never stored", fix=f"gw recover {stack} --push-state"
            )
        for began in report.opened:
            self._write(began, report, reason.strip())
        return list(report.opened)

    def _write(self, began: Began, report: Report, reason: str) -> None:
        # The decision first: what settles an apply has to be accounted for.
        self.store.record(
            Decision(
                kind="recovered",
                environment=began.environment,
                who=self.who,
                at=self.at,
                commit=began.commit,
                run_id=began.run_id,
                run_attempt=began.run_attempt,
                stacks=(began.stack,),
                digests={began.stack: began.digest},
                reason=reason,
            )
        )
        lost = "".join(f"; without a state: {one.arn}" for one in report.found)
        Journal(self.store.objects).end(
            Ended(id=began.id, stack=began.stack, result="recovered", why=f"{reason}{lost}", by=self.who, at=self.at)
        )
