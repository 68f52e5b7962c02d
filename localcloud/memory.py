"""How much memory a server and the programs that it started hold."""

from __future__ import annotations

from contextlib import suppress

import psutil


def resident_mb(pid: int) -> float:
    """Resident memory of a process and all its descendants, in MiB to a tenth; 0 where it is gone."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for member in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += member.memory_info().rss
    return round(total / 1024 / 1024, 1)
