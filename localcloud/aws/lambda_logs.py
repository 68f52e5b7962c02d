"""A function's output in CloudWatch Logs, framed by START, END and REPORT lines as AWS writes them."""

from __future__ import annotations

import contextlib
import time
from itertools import accumulate
from typing import Any

from localcloud.aws.moto_lock import MOTO_LOCK
from localcloud.aws.writes import UNSAVED


def write_events(*, account: str, region: str, group: str, stream: str, lines: list[tuple[int, str]]) -> None:
    """Append lines (milliseconds, text) to a stream, creating group and stream where they are missing."""
    from moto.logs.models import logs_backends

    if not lines:
        return
    backend: Any = logs_backends[account][region]
    # What a function prints while it starts is older than the START line before it, and a clock may be set back, but
    # CloudWatch takes a batch in the order of time only.
    moments = accumulate((moment for moment, _ in lines), max)
    events = [{"timestamp": moment, "message": text} for moment, (_, text) in zip(moments, lines, strict=True)]
    with MOTO_LOCK.held():
        backend.ensure_log_group(group)
        backend.ensure_log_stream(group, stream)
        # A subscription whose target is gone must not fail the invocation that logs.
        with contextlib.suppress(KeyError):
            backend.put_log_events(group, stream, events)
        UNSAVED.set()


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return int(time.time() * 1000)


def report_line(*, request_id: str, seconds: float, memory: int, used: int, init_seconds: float | None) -> str:
    """The REPORT line: durations in ms, memory in MB; `init_seconds` of a cold start."""
    milliseconds = seconds * 1000
    line = (
        f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\t"
        f"Billed Duration: {int(milliseconds) + 1} ms\tMemory Size: {memory} MB\tMax Memory Used: {used} MB"
    )
    return line if init_seconds is None else f"{line}\tInit Duration: {init_seconds * 1000:.2f} ms"
