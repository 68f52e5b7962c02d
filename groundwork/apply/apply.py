"""Applies what was approved: fetched, checked by the gate, and handed to the genuine `cdktf deploy`, level by level."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from filelock import FileLock, Timeout

from groundwork.apply import order
from groundwork.apply.batch import Level
from groundwork.apply.held import PartlyApplied, behind, waiting
from groundwork.apply.plan_again import PlanAgain
from groundwork.apply.rollout import Result
from groundwork.errors import Reason, Refused, UsageError
from groundwork.plan import extracted, plans_file
from groundwork.plan.bundle import Bundle, Index, Stored
from groundwork.plan.extracted import Extracted
from groundwork.refusals import Refusal, require_none
from groundwork.store.audit import Decision, Kind
from groundwork.store.journal import Journal
from groundwork.store.plan_store import PlanStore
from groundwork.terraform.cdktf import OnEvent
from groundwork.workspace import Workspace

Gate = Callable[[Extracted, Sequence[Stored]], list[Refusal]]
"""Says every reason for which these bundles, extracted but not yet run, may not be applied."""


@dataclass(frozen=True)
class BoundApply:
    """One index of plans that somebody wants to apply. `who` is a GitHub login or a name; `clock` gives UTC."""

    workspace: Workspace
    index: Index
    store: PlanStore
    gate: Gate
    who: str
    clock: Callable[[], datetime]

    @property
    def journal(self) -> Journal:
        """Which applies began and ended."""
        return Journal(self.store.objects)

    def apply(self, stacks: Sequence[str], *, on_event: OnEvent, say: Callable[[str], None]) -> list[Result]:
        """Apply the plans of these stacks and return what came of each, in the order of the index.

        Raises Refused with every reason of the gate, before anything is changed; with `state-moved` or
        `bundle-tampered` where Terraform or its stand-in say so later; StateLocked and TerraformFailed as a plain
        deploy does. What was applied before such an error stays applied, and is written down as such. Raises
        PartlyApplied (`wave-waits`, `wave-differs`), after all others were applied, where stacks need another approval.
        """
        wanted = [one for one in self.index.bundles if one.stack in stacks]
        with self._alone():
            extracted = self._extract(wanted)
            say(f"{len(wanted)} plans fetched; the gate looks at them")
            self._pass_gate(extracted, wanted)
            held = waiting(self.index, stacks)
            results: dict[str, Result] = {}
            for level in order.levels(extracted.bundles):
                extracted = self._plan_again(extracted, level, wanted, held)
                going = [stack for stack in level if stack not in held]
                results |= self._apply_level(extracted, going, wanted, on_event)
            done = [results[one.stack] for one in wanted if one.stack in results]
            if held:
                self._record("refused", [one for one in wanted if one.stack in held], _codes(held.values()), list(held))
                raise PartlyApplied(list(held.values()), done)
            return done

    def _plan_again(
        self, extracted: Extracted, level: Sequence[str], wanted: Sequence[Stored], held: dict[str, Refusal]
    ) -> Extracted:
        """Plan the provisional stacks of a level, whose upstream is applied now; `held` takes those that may not go."""
        for stored in (one for one in wanted if one.stack in level):
            later = [one.stack for one in self.index.waiting]
            refusal = behind(stored.stack, extracted.bundles, held, later)
            if not refusal and stored.provisional:
                extracted, refusal = PlanAgain(self.store).plan(extracted, stored)
            if refusal:
                held[stored.stack] = refusal
        return extracted

    def _apply_level(
        self, extracted: Extracted, level: Sequence[str], wanted: Sequence[Stored], on_event: OnEvent
    ) -> dict[str, Result]:
        stored = {one.stack: one for one in wanted}
        changing = [stack for stack in level if extracted.bundles[stack].outcome != "no change"]
        if changing:
            digests = {stack: stored[stack].digest for stack in changing}
            running = Level(extracted, changing, digests, self.journal, self.who, self.clock)
            try:
                running.apply(on_event)
            except Refused as refused:
                late = {one.stack for one in refused.refusals}
                self._record(
                    "refused", [stored[stack] for stack in changing if stack in late], _codes(refused.refusals)
                )
                raise
            finally:
                self._keep([stored[stack] for stack in changing if stack in running.applied])
        self._keep_unchanged([stored[stack] for stack in level if stack not in changing])
        return {stack: self._result(extracted, stack) for stack in level}

    def _extract(self, wanted: Sequence[Stored]) -> Extracted:
        if not plans_file.pushed(self.index):
            raise UsageError("these plans are in no store yet: nobody can have approved them", fix="gw plan push")
        try:
            archives = {one.stack: self.store.fetch(one, index=self.index) for one in wanted}
            return extracted.extract(self.workspace, archives)
        except Refused as refused:
            self._record("refused", wanted, _codes(refused.refusals))
            raise

    def _pass_gate(self, extracted: Extracted, wanted: Sequence[Stored]) -> None:
        refusals = self.gate(extracted, wanted)
        if refusals:
            self._record("refused", wanted, _codes(refusals))
        require_none(refusals)

    def _keep(self, applied: Sequence[Stored]) -> None:
        for one in applied:
            self.store.keep_applied(one, index=self.index, at=self.clock())
        if applied:
            self._record("applied", applied)

    def _keep_unchanged(self, unchanged: Sequence[Stored]) -> None:
        """Keep the bundle of a stack that is as planned already, where none is kept: its end is planned from it.

        The one that is kept may be older than what is there, where an apply did not end by itself.
        """
        for one in unchanged:
            kept = self.store.last_applied(one.stack)
            ends = [end for _, end in self.journal.history(one.stack) if end and end.result in {"failed", "recovered"}]
            if kept is None or any(end.at > kept.applied_at for end in ends):
                self.store.keep_applied(one, index=self.index, at=self.clock())

    def _record(
        self, kind: Kind, about: Sequence[Stored], codes: Sequence[str] = (), stacks: Sequence[str] = ()
    ) -> None:
        """Write a decision about bundles down; `stacks` where some of them have none."""
        self.store.record(
            Decision(
                kind=kind,
                environment=self.index.environment,
                who=self.who,
                at=self.clock(),
                commit=self.index.commit,
                run_id=self.index.run_id,
                run_attempt=self.index.run_attempt,
                stacks=tuple(stacks or (one.stack for one in about)),
                codes=tuple(sorted({str(code) for code in codes})),
                digests={one.stack: one.digest for one in about},
            )
        )

    def _result(self, extracted: Extracted, stack: str) -> Result:
        bundle = extracted.bundles[stack]
        return Result(stack, _how(bundle), extracted.workspace.store(stack).public_outputs())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two applies on one machine would extract into the same folder."""
        lock = self.workspace.project.work / "approved.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(lock, timeout=0):
                yield
        except Timeout as busy:
            raise UsageError("approved plans are being applied here already", fix="wait until that has ended") from busy


def _codes(refusals: Iterable[Reason]) -> list[str]:
    return [one.code for one in refusals]


def _how(bundle: Bundle) -> str:
    counts = bundle.counts
    if bundle.purpose == "destroy":
        return f"destroyed ({counts.destroy} resources)"
    if bundle.outcome == "no change":
        return "no change"
    return f"{counts.add} added, {counts.change} changed, {counts.destroy} destroyed"
