"""How much memory processes hold, and how many Terraform runs fit into what is free."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import psutil

# Measured while stacks of this repository were planned: terraform 0.4 GB and the AWS provider 0.4 GB, rounded up.
BYTES_PER_RUN = 900_000_000


def resident(*pids: int) -> int:
    """Bytes of resident memory of processes and all their descendants, each process once."""
    seen: dict[int, int] = {}
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(pid)
            for process in (parent, *parent.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    seen[process.pid] = process.memory_info().rss
    return sum(seen.values())


def free_memory() -> int:
    """Bytes that programs can still take, within the limit of the control group."""
    free = psutil.virtual_memory().available
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.is_file() and used.is_file() and (most := limit.read_text().strip()).isdigit():
        free = min(free, int(most) - int(used.read_text()))
    return max(0, free)


def usable_cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parallelism(*, available_bytes: int, cores: int) -> int:
    """How many Terraform runs fit side by side into the free memory: at least one, at most two per core."""
    return max(1, min(available_bytes // BYTES_PER_RUN, cores * 2))
