"""A lock: moto, whose models are not safe for threads, answers one request at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class ReleasableLock:
    """A lock that a thread may take repeatedly, and release for a while however often it has taken it.

    That matters where a request waits: a Lambda function that it invokes sends requests of its own, which would wait
    for the request that waits for them.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._thread = threading.local()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock for the duration of the block."""
        self._lock.acquire()
        self._thread.depth = getattr(self._thread, "depth", 0) + 1
        try:
            yield
        finally:
            self._thread.depth -= 1
            self._lock.release()

    @contextmanager
    def released(self) -> Iterator[None]:
        """Release the lock for the duration of the block, and take it again as often as before."""
        depth = getattr(self._thread, "depth", 0)
        for _ in range(depth):
            self._lock.release()
        self._thread.depth = 0
        try:
            yield
        finally:
            for _ in range(depth):
                self._lock.acquire()
            self._thread.depth = depth


MOTO_LOCK = ReleasableLock()
