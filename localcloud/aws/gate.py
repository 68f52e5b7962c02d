"""A lock: moto, whose models are not safe for threads, answers one request at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """A lock that a thread may enter repeatedly, and release for a while however often it has entered.

    That matters where a request waits: a Lambda function that it invokes sends requests of its own, which would wait
    for the request that waits for them.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._held = threading.local()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Hold the gate for the duration of the block."""
        self._lock.acquire()
        self._held.depth = getattr(self._held, "depth", 0) + 1
        try:
            yield
        finally:
            self._held.depth -= 1
            self._lock.release()

    @contextmanager
    def released(self) -> Iterator[None]:
        """Release the gate for the duration of the block, and enter it again as often as before."""
        depth = getattr(self._held, "depth", 0)
        for _ in range(depth):
            self._lock.release()
        self._held.depth = 0
        try:
            yield
        finally:
            for _ in range(depth):
                self._lock.acquire()
            self._held.depth = depth


GATE = Gate()
