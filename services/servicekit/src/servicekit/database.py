"""A lazy pool of Postgres connections that outlives a restart of the database."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, LiteralString, Self

import psycopg
import sqlalchemy
import structlog
from psycopg import AsyncConnection, errors
from psycopg.abc import Params
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from servicekit.migrations import Migrations
from servicekit.problems import Unavailable
from servicekit.settings import ServiceSettings
from servicekit.store import PoolFigures

# A connection that was idle for longer is checked before its next use: a restarted server has closed it.
CHECK_AFTER_SECONDS = 1.0
# An attempt to connect gives up soon, and the next request starts another: backing off for minutes would
# keep the service away from a database that is back.
RECONNECT_SECONDS = 2.0

log = structlog.get_logger()
Row = tuple[Any, ...]


def postgres(package: str) -> Callable[[ServiceSettings], Database]:
    """How a service connects to Postgres, whose schema is in the folder `migrations` of its package."""
    migrations = Migrations.of(package)
    return lambda settings: Database.of(settings, migrations)


class _Connection(AsyncConnection[Row]):
    """A connection that knows when it was used last, in seconds of the monotonic clock."""

    last_use: float = 0.0


class Database:
    """The pool of one service. Nothing connects before the first request, or `open`."""

    def __init__(
        self, url: str, *, migrations: Migrations, size: int, wait_seconds: float, statement_seconds: float
    ) -> None:
        self._url = url
        self._migrations = migrations
        self._statement_seconds = statement_seconds
        self._failed = 0.0
        self.pool: AsyncConnectionPool[_Connection] = AsyncConnectionPool(
            url,
            connection_class=_Connection,
            kwargs={"autocommit": True, "application_name": migrations.name, "connect_timeout": 3},
            min_size=1,
            max_size=size,
            open=False,
            timeout=wait_seconds,
            reconnect_timeout=RECONNECT_SECONDS,
            configure=self._configure,
            check=self._check,
            reset=self._reset,
        )

    @classmethod
    def of(cls, settings: ServiceSettings, migrations: Migrations) -> Self:
        """The database of a service with these settings."""
        return cls(
            settings.database_url.get_secret_value(),
            migrations=migrations,
            size=settings.pool_size,
            wait_seconds=settings.pool_wait_seconds,
            statement_seconds=settings.statement_seconds,
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

    def upgrade(self) -> None:
        """Bring the schema to the newest revision. Raises Unavailable when the database does not answer."""
        try:
            self._migrations.upgrade(self._url)
        except sqlalchemy.exc.OperationalError as error:
            raise Unavailable(str(error.orig).strip().splitlines()[0]) from error

    async def problem(self) -> str | None:
        """Why the schema does not fit this code, or None. Raises Unavailable."""
        try:
            row = await self.row("SELECT version_num FROM alembic_version")
        except errors.UndefinedTable:
            row = None
        return self._migrations.problem(row[0] if row else None)

    def figures(self) -> PoolFigures:
        """The connections now."""
        stats = self.pool.get_stats()
        return PoolFigures(
            size=stats.get("pool_size", 0),
            available=stats.get("pool_available", 0),
            largest=stats.get("pool_max", 0),
            waiting=stats.get("requests_waiting", 0),
            errors=stats.get("connections_errors", 0),
        )

    async def _configure(self, connection: _Connection) -> None:
        milliseconds = int(self._statement_seconds * 1000)
        await connection.execute("SELECT set_config('statement_timeout', %s, false)", (str(milliseconds),))

    async def _check(self, connection: _Connection) -> None:
        unused_since = time.monotonic() - connection.last_use
        if unused_since > CHECK_AFTER_SECONDS or connection.last_use <= self._failed:
            await AsyncConnectionPool.check_connection(connection)

    async def _reset(self, connection: _Connection) -> None:
        connection.last_use = time.monotonic()
