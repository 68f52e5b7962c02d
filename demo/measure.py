"""Measures the time of steps, and the memory of the process tree while they run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from groundwork.toolchain.memory import resident

_EVERY = 0.5  # seconds between two samples: a Terraform provider runs for seconds


@dataclass
class Measured:
    """Seconds per step, in the order of the steps, and the peak of resident memory in bytes."""

    seconds: dict[str, float] = field(default_factory=dict)
    peak_bytes: int = 0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure the time of a step, also where it raises."""
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
    """Measure the memory of this process, of `extra_pids`, and of their children, for the length of a `with`.

    Shared memory counts once per process, so the figure is an upper bound.
    """
    stop = threading.Event()

    def sample() -> None:
        while not stop.wait(_EVERY):
            measured.peak_bytes = max(measured.peak_bytes, resident(psutil.Process().pid, *extra_pids))

    watcher = threading.Thread(target=sample, daemon=True, name="memory")
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
