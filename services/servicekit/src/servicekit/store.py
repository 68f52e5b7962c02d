"""What surrounds the routes of a service needs of its database, whichever kind that is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
import tenacity

from servicekit.problems import Unavailable

LONGEST_WAIT_SECONDS = 5.0

log = structlog.get_logger()


@dataclass(frozen=True)
class PoolFigures:
    """The connections of a process now; `errors` counts failed attempts to get one since the start."""

    size: int
    available: int
    largest: int
    waiting: int
    errors: int


class Store(Protocol):
    """A database and its schema. Making one connects to nothing."""

    async def open(self) -> None:
        """Start to connect in the background; returns at once, whether or not the database runs."""

    async def close(self) -> None:
        """Close every connection."""

    def upgrade(self) -> None:
        """Bring the schema to its newest form, blocking. Raises Unavailable when the database does not answer."""

    async def problem(self) -> str | None:
        """Why the schema does not fit this code, or None. Raises Unavailable."""

    def figures(self) -> PoolFigures:
        """The connections now."""


def upgrade_when_reachable(store: Store, *, wait_seconds: float) -> None:
    """Upgrade as soon as the database answers; gives up with Unavailable after `wait_seconds`."""
    when_reachable(store.upgrade, wait_seconds=wait_seconds)
    log.info("schema is up to date")


def when_reachable(act: Callable[[], None], *, wait_seconds: float) -> None:
    """Call `act` until it raises Unavailable no more; gives up with that after `wait_seconds`."""
    tenacity.Retrying(**_PATIENCE, stop=tenacity.stop_after_delay(wait_seconds), reraise=True)(act)


async def upgrade_in_background(store: Store) -> None:
    """The same for a process that serves meanwhile and never gives up, until it is cancelled."""
    # Each attempt has a thread of its own: one that waited for the database would keep the process from ending.
    await tenacity.AsyncRetrying(**_PATIENCE)(asyncio.to_thread, store.upgrade)
    log.info("schema is up to date")


def _report(state: tenacity.RetryCallState) -> None:
    log.warning("waiting for the database", attempt=state.attempt_number)


_PATIENCE: dict[str, Any] = {
    "retry": tenacity.retry_if_exception_type(Unavailable),
    "wait": tenacity.wait_random_exponential(0.1, max=LONGEST_WAIT_SECONDS),
    "before_sleep": _report,
}
