"""Several programs at once, ended together: Ctrl-C reaches all of them, and none is started afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(work: Callable[[Item, threading.Event], Result], items: Iterable[Item], *, at_once: int) -> list[Result]:
    """`work` on every item, `at_once` at a time; results in the order of the items.

    `work` also gets an event: once it is set, `work` has to end what it started. The first exception, or an
    interruption of this thread, sets it, starts no more items, waits for those that run, and is raised.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        futures = [pool.submit(work, item, stop) for item in items]
        try:
            for done in as_completed(futures):
                done.result()
        except BaseException:
            stop.set()
            for future in futures:
                future.cancel()
            raise
        return [future.result() for future in futures]
