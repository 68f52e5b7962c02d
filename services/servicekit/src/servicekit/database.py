"""A lazy pool of Postgres connections that outlives a restart of the database."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, LiteralString

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.abc import Params
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from servicekit.problems import Unavailable

# A connection that was idle for longer is checked before its next use: a restarted server has closed it.
CHECK_AFTER_SECONDS = 1.0
# An attempt to connect gives up soon, and the next request starts another: backing off for minutes would
# keep the service away from a database that is back.
RECONNECT_SECONDS = 2.0

log = structlog.get_logger()
Row = tuple[Any, ...]


class _Connection(AsyncConnection[Row]):
    """A connection that knows when it was used last, in seconds of the monotonic clock."""

    last_use: float = 0.0


class Database:
    """The pool of one service. Nothing connects before the first request, or `open`."""

    def __init__(self, url: str, *, name: str, size: int, wait_seconds: float, statement_seconds: float) -> None:
        self._statement_seconds = statement_seconds
        self._failed = 0.0
        self.pool: AsyncConnectionPool[_Connection] = AsyncConnectionPool(
            url,
            connection_class=_Connection,
            kwargs={"autocommit": True, "application_name": name, "connect_timeout": 3},
            min_size=1,
            max_size=size,
            open=False,
            timeout=wait_seconds,
            reconnect_timeout=RECONNECT_SECONDS,
            configure=self._configure,
            check=self._check,
            reset=self._reset,
        )

    async def open(self) -> None:
        """Start to connect in the background; returns at once, whether or not the database runs."""
        await self.pool.open(wait=False)

    async def close(self) -> None:
        """Close every connection."""
        await self.pool.close(timeout=2.0)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Row]]:
        """A connection in autocommit mode. Raises Unavailable when the database does not answer."""
        try:
            async with self.pool.connection() as connection:
                yield connection
        except (PoolTimeout, PoolClosed) as error:
            raise Unavailable("The database cannot be reached; try again") from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            # The others were probably opened to the same server: each is checked before it is used again.
            self._failed = time.monotonic()
            log.warning("database", error=str(error).strip(), code=getattr(error, "sqlstate", None))
            raise Unavailable("The database did not finish the request; try again") from error

    async def rows(self, query: LiteralString, params: Params | None = None) -> list[Row]:
        """All rows of a statement; a statement of one text is prepared after a few uses."""
        async with self.connection() as connection:
            return await (await connection.execute(query, params)).fetchall()

    async def row(self, query: LiteralString, params: Params | None = None) -> Row | None:
        """The first row of a statement, or None."""
        async with self.connection() as connection:
            return await (await connection.execute(query, params)).fetchone()

    async def _configure(self, connection: _Connection) -> None:
        milliseconds = int(self._statement_seconds * 1000)
        await connection.execute("SELECT set_config('statement_timeout', %s, false)", (str(milliseconds),))

    async def _check(self, connection: _Connection) -> None:
        unused_since = time.monotonic() - connection.last_use
        if unused_since > CHECK_AFTER_SECONDS or connection.last_use <= self._failed:
            await AsyncConnectionPool.check_connection(connection)

    async def _reset(self, connection: _Connection) -> None:
        connection.last_use = time.monotonic()
