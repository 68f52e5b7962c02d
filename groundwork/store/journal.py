"""Which applies began and which of them ended, so that a killed run is noticed.

Two audit objects per stack and apply, both written once: the first before anything changes, the second when the result
of the apply is known. Where the second is missing, there may be resources that no state lists, and the stack is not
applied again before a person has resolved that.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import psutil
from pydantic import AwareDatetime

from groundwork.plan.bundle import Bundle, Frozen, StateAt
from groundwork.store import audit
from groundwork.store.objects import Entries

PREFIX = f"{audit.PREFIX}/applies"

_BEGAN = ".began.json"
_ENDED = ".ended.json"

Unplanned = Literal["deploy", "break-glass"]
"""Applies that no plan was stored for; the journal has this as their run."""

Result = Literal["applied", "failed", "not started", "recovered"]
"""`failed`: Terraform reported an error and stored the state. `recovered`: resolved by a person."""


class Began(Frozen):
    """An apply of one stack began. `digest` is the bundle's, "" without a stored plan; `state` what it was
    planned from; ids sort by time.
    """

    format: Literal[1] = 1
    id: str
    stack: str
    environment: str
    purpose: Literal["apply", "destroy"]
    digest: str
    commit: str
    run_id: str
    run_attempt: int
    state: StateAt
    by: str
    at: AwareDatetime
    process: str = ""
    """Who runs it on this machine, as number@start; only a plain deploy has one."""

    @classmethod
    def of(cls, bundle: Bundle, *, digest: str, by: str, at: datetime) -> Began:
        """An entry with a new id for an apply of this bundle that begins now."""
        return cls(
            id=f"{audit.timestamp(at)}-{uuid.uuid4().hex}",
            stack=bundle.stack,
            environment=bundle.environment,
            purpose=bundle.purpose,
            digest=digest,
            commit=bundle.commit,
            run_id=bundle.run_id,
            run_attempt=bundle.run_attempt,
            state=bundle.state,
            by=by,
            at=at,
        )

    @classmethod
    def without_plan(
        cls, stack: str, *, environment: str, kind: Unplanned, commit: str, state: StateAt, by: str, at: datetime
    ) -> Began:
        """An entry for an apply of a stack that no plan was stored for. Its digest is empty."""
        return cls(
            id=f"{audit.timestamp(at)}-{uuid.uuid4().hex}",
            stack=stack,
            environment=environment,
            purpose="apply",
            digest="",
            commit=commit,
            run_id=kind,
            run_attempt=1,
            state=state,
            by=by,
            at=at,
            process=_this_process(),
        )

    @property
    def is_running(self) -> bool:
        """Whether the process that began it still runs on this machine."""
        number, _, start = self.process.partition("@")
        try:
            return bool(number) and _start(int(number)) == start
        except psutil.NoSuchProcess:
            return False

    @property
    def is_plain(self) -> bool:
        """Whether it was a plain deploy, which nobody is accountable for: it may be repeated when nothing is left."""
        return self.run_id == "deploy"

    def __str__(self) -> str:
        return (
            f"begun by {self.by} on {self.at:%Y-%m-%d at %H:%M:%S} UTC (run {self.run_id}, commit {self.commit[:12]})"
        )


def _this_process() -> str:
    return f"{os.getpid()}@{_start(os.getpid())}"


def _start(process: int) -> str:
    """When it started: a later process may have the same number."""
    return f"{psutil.Process(process).create_time():.2f}"


class Ended(Frozen):
    """How the apply `id` ended; `by` is who reports it, `why` the details."""

    format: Literal[1] = 1
    id: str
    stack: str
    result: Result
    why: str = ""
    by: str
    at: AwareDatetime


@dataclass(frozen=True)
class Journal:
    """The journal of one environment; `objects` are those of its plan store, or of this machine."""

    objects: Entries

    def begin(self, entry: Began) -> None:
        """Record that an apply begins; call it before anything is changed."""
        self._put(f"{PREFIX}/{entry.stack}/{entry.id}{_BEGAN}", entry)

    def end(self, entry: Ended) -> None:
        """Record how it ended."""
        self._put(f"{PREFIX}/{entry.stack}/{entry.id}{_ENDED}", entry)

    def open(self, stack: str = "") -> list[Began]:
        """Applies that began and have no recorded end, of one stack or of all, oldest first."""
        keys = self.objects.keys(f"{PREFIX}/{stack}/" if stack else f"{PREFIX}/")
        ended = {key.removesuffix(_ENDED) for key in keys if key.endswith(_ENDED)}
        began = [key for key in keys if key.endswith(_BEGAN) and key.removesuffix(_BEGAN) not in ended]
        entries = [Began.model_validate_json(self.objects.newest(key)) for key in began]
        return sorted(entries, key=lambda entry: entry.at)

    def failed(self) -> list[str]:
        """The stacks whose last apply ended with an error: an answer of AWS may have been lost in it."""
        newest = {key.split("/")[-2]: key for key in self.objects.keys(f"{PREFIX}/") if key.endswith(_ENDED)}
        ends = (Ended.model_validate_json(self.objects.newest(key)) for key in newest.values())
        return [end.stack for end in ends if end.result == "failed"]

    def unsettled(self, stack: str) -> str:
        """The open applies of a stack in words; empty without any."""
        return "; ".join(str(entry) for entry in self.open(stack))

    def resolved(self, stack: str, digest: str) -> str:
        """The apply of this very bundle that a person had to resolve, in words; empty without any."""
        for began, ended in self.history(stack):
            if began.digest == digest and ended and ended.result == "recovered":
                return f"{began}, and resolved by {ended.by}"
        return ""

    def history(self, stack: str) -> Iterator[tuple[Began, Ended | None]]:
        """Every apply of a stack with its end, oldest first."""
        keys = set(self.objects.keys(f"{PREFIX}/{stack}/"))
        for key in sorted(key for key in keys if key.endswith(_BEGAN)):
            began = Began.model_validate_json(self.objects.newest(key))
            end = key.removesuffix(_BEGAN) + _ENDED
            yield began, Ended.model_validate_json(self.objects.newest(end)) if end in keys else None

    def _put(self, key: str, entry: Frozen) -> None:
        self.objects.put_new(key, entry.model_dump_json(indent=2).encode(), media_type="application/json")
