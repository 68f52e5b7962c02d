"""Applies approved plans: fetches them, lets the gate check them, and runs the real `cdktf deploy`, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from filelock import FileLock, Timeout

from groundwork.apply import held_back, order
from groundwork.apply.batch import Batch
from groundwork.apply.held_back import PartlyApplied
from groundwork.apply.replan import replan
from groundwork.apply.rollout import StackResult
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
"""Returns every reason against applying these bundles, which are extracted; none of their code has run yet."""


@dataclass(frozen=True)
class ApprovedApply:
    """The apply of one index of plans. `who` is a GitHub login or a name; `clock` returns UTC."""

    workspace: Workspace
    index: Index
    store: PlanStore
    gate: Gate
    who: str
    clock: Callable[[], datetime]

    @property
    def journal(self) -> Journal:
        """Records which applies began and ended."""
        return Journal(self.store.objects)

    def apply(self, stacks: Sequence[str], *, on_event: OnEvent, say: Callable[[str], None]) -> list[StackResult]:
        """Apply the plans of these stacks and return the result of each, in the order of the index.

        Raises Refused with every reason of the gate, before anything is changed; Refused with `state-moved` or
        `bundle-tampered` where Terraform or its shim refuses later; StateLocked and TerraformFailed as a plain deploy
        does. What was applied before such an error stays applied, and is recorded as such. Raises PartlyApplied
        (`wave-waits`, `wave-differs`), after all other stacks were applied, where stacks need another approval.
        """
        wanted = [stored for stored in self.index.bundles if stored.stack in stacks]
        with self._locked():
            extracted = self._extract(wanted)
            say(f"{len(wanted)} plans fetched; the gate checks them")
            self._pass_gate(extracted, wanted)
            held = held_back.without_plan(self.index, stacks)
            results: dict[str, StackResult] = {}
            for batch in order.batches(extracted.bundles):
                extracted = self._replan(extracted, batch, wanted, held)
                ready = [stored for stored in wanted if stored.stack in batch and stored.stack not in held]
                results |= self._apply_batch(extracted, ready, on_event)
            done = [results[stored.stack] for stored in wanted if stored.stack in results]
            if held:
                refused = [stored for stored in wanted if stored.stack in held]
                self._record("refused", refused, _codes(held.values()), list(held))
                raise PartlyApplied(list(held.values()), done)
            return done

    def _replan(
        self, extracted: Extracted, batch: Sequence[str], wanted: Sequence[Stored], held: dict[str, Refusal]
    ) -> Extracted:
        """Plan a batch's provisional stacks, whose upstream is applied now; adds stacks that have to wait to `held`."""
        waiting = [waiting.stack for waiting in self.index.waiting]
        for stored in (stored for stored in wanted if stored.stack in batch):
            refusal = held_back.behind(stored.stack, extracted.bundles, held, waiting)
            if not refusal and stored.provisional:
                extracted, refusal = replan(self.store, extracted, stored)
            if refusal:
                held[stored.stack] = refusal
        return extracted

    def _apply_batch(self, extracted: Extracted, stacks: Sequence[Stored], on_event: OnEvent) -> dict[str, StackResult]:
        changed = [stored for stored in stacks if extracted.bundles[stored.stack].outcome != "no change"]
        if changed:
            digests = {stored.stack: stored.digest for stored in changed}
            running = Batch(extracted, digests, self.journal, self.who, self.clock)
            try:
                running.apply(on_event)
            except Refused as error:
                late = {refusal.stack for refusal in error.refusals}
                refused = [stored for stored in changed if stored.stack in late]
                self._record("refused", refused, _codes(error.refusals))
                raise
            finally:
                self._keep([stored for stored in changed if stored.stack in running.applied])
        self._keep_unchanged([stored for stored in stacks if stored not in changed])
        return {stored.stack: self._result(extracted, stored.stack) for stored in stacks}

    def _extract(self, wanted: Sequence[Stored]) -> Extracted:
        if not plans_file.pushed(self.index):
            raise UsageError("these plans are not in a store yet, so nobody can have approved them", fix="gw plan push")
        try:
            archives = {stored.stack: self.store.fetch(stored, index=self.index) for stored in wanted}
            return extracted.extract(self.workspace, archives)
        except Refused as error:
            self._record("refused", wanted, _codes(error.refusals))
            raise

    def _pass_gate(self, extracted: Extracted, wanted: Sequence[Stored]) -> None:
        refusals = self.gate(extracted, wanted)
        if refusals:
            self._record("refused", wanted, _codes(refusals))
        require_none(refusals)

    def _keep(self, applied: Sequence[Stored]) -> None:
        for stored in applied:
            self.store.keep_applied(stored, index=self.index, at=self.clock())
        if applied:
            self._record("applied", applied)

    def _keep_unchanged(self, unchanged: Sequence[Stored]) -> None:
        """Keep the bundle of an unchanged stack unless a current one is kept: the stack's destroy is planned from it.

        A kept bundle may be older than what is deployed, where a person had to end an apply.
        """
        for stored in unchanged:
            last = self.store.last_applied(stored.stack)
            interrupted = [
                end for _, end in self.journal.history(stored.stack) if end and end.result in {"failed", "recovered"}
            ]
            if last is None or any(end.at > last.applied_at for end in interrupted):
                self.store.keep_applied(stored, index=self.index, at=self.clock())

    def _record(
        self, kind: Kind, bundles: Sequence[Stored], codes: Sequence[str] = (), stacks: Sequence[str] = ()
    ) -> None:
        """Record a decision about bundles; `stacks` names the stacks where some have no bundle."""
        self.store.record(
            Decision.about(
                self.index,
                bundles,
                kind=kind,
                who=self.who,
                at=self.clock(),
                codes=tuple(sorted({str(code) for code in codes})),
                **({"stacks": tuple(stacks)} if stacks else {}),
            )
        )

    def _result(self, extracted: Extracted, stack: str) -> StackResult:
        return StackResult(
            stack, _describe(extracted.bundles[stack]), extracted.workspace.store(stack).public_outputs()
        )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Two applies on one machine would extract into the same folder."""
        lock = self.workspace.project.work / "approved.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(lock, timeout=0):
                yield
        except Timeout as error:
            raise UsageError("another apply of approved plans runs here", fix="wait until it ends") from error


def _codes(refusals: Iterable[Reason]) -> list[str]:
    return [refusal.code for refusal in refusals]


def _describe(bundle: Bundle) -> str:
    counts = bundle.counts
    if bundle.purpose == "destroy":
        return f"destroyed ({counts.destroy} resources)"
    if bundle.outcome == "no change":
        return "no change"
    return f"{counts.add} added, {counts.change} changed, {counts.destroy} destroyed"
