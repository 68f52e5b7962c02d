"""How long steps take and how much memory the whole process tree needs while they run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from groundwork.toolchain.memory import resident

_EVERY = 0.5  # s between two looks at memory: a Terraform provider lives for seconds


@dataclass
class Measured:
    """What was measured: seconds per step, in the order of the steps, and the peak of resident memory in bytes."""

    seconds: dict[str, float] = field(default_factory=dict)
    peak_bytes: int = 0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step; one that raises is timed too."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0) + time.monotonic() - began

    @property
    def total(self) -> float:
        """Seconds of all steps together."""
        return sum(self.seconds.values())


@contextmanager
def watching(measured: Measured, *extra_pids: int) -> Iterator[None]:
    """Watch the memory of this process, its children and `extra_pids` with theirs, for the length of a `with`.

    Memory that processes share is counted once per process, so the figure is an upper bound.
    """
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(_EVERY):
            measured.peak_bytes = max(measured.peak_bytes, resident(psutil.Process().pid, *extra_pids))

    watcher = threading.Thread(target=look, daemon=True, name="memory")
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
