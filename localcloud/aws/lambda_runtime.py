"""Runs the zips that were uploaded, in warm processes: a bounded number at a time, ended when idle."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog

from localcloud.aws.identity import forget_session
from localcloud.aws.lambda_isolation import Isolation
from localcloud.aws.lambda_logs import now_ms, report_line, write_events
from localcloud.aws.lambda_process import FunctionProcess, InvocationResult
from localcloud.aws.lambda_spec import FunctionSpec, process_environment, unpack
from localcloud.aws.moto_lock import MOTO_LOCK

log = structlog.get_logger(__name__)

MAX_PROCESSES = 8
IDLE_SECONDS = 300.0
_STARTS_AT_ONCE = max(2, os.cpu_count() or 1)  # more would all be ready later, and the first events wait for the first
_QUEUE_SECONDS = 20.0
"""How long an event waits for a free process before it is throttled. An API waits 29 seconds in all: what does not wait
longer than this can still be answered in time on a machine that is busy."""


class Throttled(Exception):
    """No process is free: the function's reserved concurrency, or the limit of this machine, is used up."""


@dataclass
class _Sandbox:
    """A process, and what it was started for."""

    spec: FunctionSpec
    process: FunctionProcess
    stream: str
    access_key: str
    started: float
    warm: bool = False
    first_lines: list[tuple[int, str]] = field(default_factory=list)  # of the log


@dataclass(frozen=True)
class Invocation:
    """The outcome of one invocation and the last 4 kB of its log."""

    outcome: InvocationResult
    request_id: str
    tail: str


class LambdaRuntime:
    """All function processes of one server. `folder` holds unpacked code, `endpoint` is where functions call AWS.

    No function sees the folders `hidden`, wherever they lie.
    """

    def __init__(self, *, folder: Path, endpoint: str, hidden: Sequence[Path] = ()) -> None:
        # Code is unpacked on demand; what earlier servers unpacked would only pile up.
        shutil.rmtree(folder / "code", ignore_errors=True)
        self._folder = folder
        self._isolation = Isolation(folder, hidden=hidden)
        self._endpoint = endpoint
        self._idle: list[_Sandbox] = []
        self._busy: list[_Sandbox] = []
        self._starting = 0
        self._active: defaultdict[str, int] = defaultdict(int)
        self._changed = threading.Condition()
        self._closed = False

    def invoke(
        self, spec: FunctionSpec, event: bytes, *, arn: str, reserved: int | None, context: str = ""
    ) -> Invocation:
        """Run the function with one event and wait, so call it without holding the lock.

        Raises Throttled where `reserved` invocations of this function already run or no process becomes free,
        CannotRun where the code cannot be started.
        """
        request_id = str(uuid.uuid4())
        function = spec.arn.split(":function:")[1].split(":")[0]
        key = f"{spec.account}/{spec.region}/{function}"
        self._enter(key, reserved)
        try:
            sandbox = self._acquire(spec)
            try:
                return self._run(sandbox, event, request_id=request_id, arn=arn, context=context)
            finally:
                self._release(sandbox)
        finally:
            with self._changed:
                self._active[key] -= 1

    @property
    def problem(self) -> str:
        """Why functions are not kept apart from this machine; "" where they are."""
        return self._isolation.problem

    def end_idle(self, *, older_than: float = IDLE_SECONDS) -> None:
        """End processes that were not used for `older_than` seconds."""
        limit = time.monotonic() - older_than
        with self._changed:
            stale = [each for each in self._idle if each.process.last_used < limit]
            self._idle = [each for each in self._idle if each not in stale]
        for each in stale:
            self._end(each)

    def close(self) -> None:
        """End every process, busy or idle, and take no further event."""
        with self._changed:
            self._closed = True
            sandboxes, self._idle = [*self._idle, *self._busy], []
        for each in sandboxes:
            self._end(each)

    def _enter(self, key: str, reserved: int | None) -> None:
        with self._changed:
            if self._closed or (reserved is not None and self._active[key] >= reserved):
                raise Throttled("Rate Exceeded.")
            self._active[key] += 1

    def _acquire(self, spec: FunctionSpec) -> _Sandbox:
        """A warm process of exactly this version and configuration, or a new one."""
        victim: _Sandbox | None = None
        with self._changed:
            end = time.monotonic() + _QUEUE_SECONDS
            while True:
                warm = next((each for each in self._idle if each.spec.fingerprint == spec.fingerprint), None)
                if warm is not None:
                    self._idle.remove(warm)
                    self._busy.append(warm)
                    return warm
                may_start = self._initialising() < _STARTS_AT_ONCE
                if may_start and len(self._idle) + len(self._busy) + self._starting < MAX_PROCESSES:
                    break
                if may_start and self._idle:
                    victim = min(self._idle, key=lambda each: each.process.last_used)
                    self._idle.remove(victim)
                    break
                if not self._changed.wait(end - time.monotonic()):
                    self._changed.notify()  # in case this thread was the one to be woken
                    raise Throttled(f"{MAX_PROCESSES} functions already run on this machine")
            self._starting += 1
        sandbox: _Sandbox | None = None
        try:
            if victim is not None:
                self._end(victim)
            sandbox = self._start(spec)
            return sandbox
        finally:
            with self._changed:
                self._starting -= 1
                if sandbox is not None:
                    self._busy.append(sandbox)
                else:
                    self._changed.notify()

    def _initialising(self) -> int:
        return self._starting + sum(not each.process.ready for each in self._busy)

    def _wake_one(self) -> None:
        with self._changed:
            self._changed.notify()

    def _release(self, sandbox: _Sandbox) -> None:
        with self._changed:
            if sandbox in self._busy:
                self._busy.remove(sandbox)
            keep = sandbox.process.alive and not self._closed
            if keep:
                self._idle.append(sandbox)
            # Whoever waits can use any place, and to wake a hundred for one would take longer than the function.
            self._changed.notify()
        if not keep:
            self._end(sandbox)

    def _start(self, spec: FunctionSpec) -> _Sandbox:
        task, layers = unpack(spec, self._folder / "code")
        room = self._isolation.room(task, layers, spec.handler)
        today = datetime.now(UTC).strftime("%Y/%m/%d")
        stream = f"{today}/[{spec.version}]{uuid.uuid4().hex}"
        credentials = _assume(spec)
        environment = process_environment(
            spec,
            endpoint=self._endpoint,
            credentials=credentials,
            paths=[room.runtime, *room.layers],
            task=room.task,
            stream=stream,
        )
        process = FunctionProcess(room.start, environment, on_ready=self._wake_one)
        host = f"python{sys.version_info.major}.{sys.version_info.minor}"
        sandbox = _Sandbox(spec, process, stream, credentials["AWS_ACCESS_KEY_ID"], time.monotonic())
        if spec.runtime != host:
            sandbox.first_lines = [(now_ms(), f"{spec.runtime} is declared, {host} of this machine runs it")]
        log.info("function started", function=spec.arn, pid=process.pid)
        return sandbox

    def _run(self, sandbox: _Sandbox, event: bytes, *, request_id: str, arn: str, context: str) -> Invocation:
        spec, process = sandbox.spec, sandbox.process
        start = [*sandbox.first_lines, (now_ms(), f"START RequestId: {request_id} Version: {spec.version}")]
        sandbox.first_lines = []
        init = None
        before = time.monotonic()
        outcome = process.invoke(event, request_id=request_id, arn=arn, timeout=spec.timeout, context=context)
        seconds = time.monotonic() - before
        if not sandbox.warm:
            sandbox.warm = True
            init = min(before - sandbox.started + seconds, seconds)
        lines = start + process.take_output()
        if outcome.error and outcome.ended:
            lines.append((now_ms(), outcome.payload.decode(errors="replace")))
        report = report_line(
            request_id=request_id, seconds=seconds, memory=spec.memory, used=process.memory_mb(), init_seconds=init
        )
        lines += [(now_ms(), f"END RequestId: {request_id}"), (now_ms(), report)]
        write_events(account=spec.account, region=spec.region, group=spec.log_group, stream=sandbox.stream, lines=lines)
        return Invocation(outcome, request_id, "\n".join(text for _, text in lines)[-4096:])

    def _end(self, sandbox: _Sandbox) -> None:
        sandbox.process.end()
        forget_session(sandbox.spec.account, sandbox.access_key)


def _assume(spec: FunctionSpec) -> dict[str, str]:
    """Credentials of a session of the function's execution role, which policies see as the caller."""
    from moto.sts.models import sts_backends

    with MOTO_LOCK.held():
        session = sts_backends[spec.account]["aws"].assume_role(
            region_name=spec.region,
            role_session_name=spec.name,
            role_arn=spec.role,
            policy=None,
            duration=43_200,
            external_id=None,
        )
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
    }
