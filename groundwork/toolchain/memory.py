"""How much memory processes hold."""

from __future__ import annotations

from contextlib import suppress

import psutil


def resident(*pids: int) -> int:
    """Bytes of resident memory of processes and all their descendants, each process once."""
    seen: dict[int, int] = {}
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            for one in (process, *process.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    seen[one.pid] = one.memory_info().rss
    return sum(seen.values())
