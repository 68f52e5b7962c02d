"""A lazy pool of MongoDB connections that outlives a restart of the database, and the indexes that a service needs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import structlog
from pymongo import AsyncMongoClient, IndexModel, MongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)
from pymongo.monitoring import (
    ConnectionCheckedInEvent,
    ConnectionCheckedOutEvent,
    ConnectionCheckOutFailedEvent,
    ConnectionCheckOutStartedEvent,
    ConnectionClosedEvent,
    ConnectionCreatedEvent,
    ConnectionPoolListener,
    ConnectionReadyEvent,
    PoolClearedEvent,
    PoolClosedEvent,
    PoolCreatedEvent,
    PoolReadyEvent,
)
from pymongo.synchronous.database import Database as SyncDatabase

from servicekit.problems import Unavailable
from servicekit.settings import ServiceSettings
from servicekit.store import PoolFigures

CONNECT_SECONDS = 3.0
# A statement that the server ends itself leaves the connection usable.
GRACE_MS = 1000

log = structlog.get_logger()
Document = dict[str, Any]
Indexes = Mapping[str, Sequence[IndexModel]]
"""The indexes of each collection, all with names of their own."""


def mongo(name: str, indexes: Indexes) -> Callable[[ServiceSettings], Mongo]:
    """How the service `name` connects to MongoDB, whose collections have these indexes."""
    return lambda settings: Mongo(
        settings.database_url.get_secret_value(),
        name=name,
        size=settings.pool_size,
        wait_seconds=settings.pool_wait_seconds,
        statement_seconds=settings.statement_seconds,
        indexes=indexes,
    )


def make_indexes(database: SyncDatabase[Document], indexes: Indexes) -> None:
    """Make the indexes that are missing. Raises pymongo's errors."""
    for name, wanted in indexes.items():
        present = database[name].index_information()
        for index in wanted:
            if index.document["name"] not in present:
                database[name].create_indexes([index])


class Mongo:
    """The database that the path of the address names. Nothing connects before the first request, or `open`.

    Queries pass `max_time_ms` on, after which the server ends them.
    """

    def __init__(
        self, url: str, *, name: str, size: int, wait_seconds: float, statement_seconds: float, indexes: Indexes
    ) -> None:
        self._indexes = indexes
        self._pool = _Pool(size)
        self._url = url
        self._options: dict[str, Any] = {
            "appname": name,
            "maxPoolSize": size,
            "serverSelectionTimeoutMS": int(wait_seconds * 1000),
            "waitQueueTimeoutMS": int(wait_seconds * 1000),
            "connectTimeoutMS": int(CONNECT_SECONDS * 1000),
        }
        self.max_time_ms = int(statement_seconds * 1000)
        self._client: AsyncMongoClient[Document] = AsyncMongoClient(
            url,
            **self._options,
            # Not `timeoutMS`: with that the driver tries again and again until the time of a statement is over.
            socketTimeoutMS=self.max_time_ms + GRACE_MS,
            event_listeners=[self._pool],
            connect=False,
        )
        self._database = self._client.get_default_database()

    async def open(self) -> None:
        """The client connects by itself, and looks the servers' names up, when it is asked something."""

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    @asynccontextmanager
    async def collection(self, name: str) -> AsyncIterator[AsyncCollection[Document]]:
        """A collection. Raises Unavailable when the database does not answer what is asked of it meanwhile."""
        with _answering():
            yield self._database[name]

    def upgrade(self) -> None:
        """Make the indexes that are missing, however long that takes.

        Raises Unavailable when the database does not answer.
        """
        client: MongoClient[Document]
        with _answering(), MongoClient(self._url, **self._options) as client:
            make_indexes(client.get_default_database(), self._indexes)

    async def problem(self) -> str | None:
        """Which index is missing, or None. Raises Unavailable."""
        for name, indexes in self._indexes.items():
            async with self.collection(name) as collection:
                present = await collection.index_information()
            for index in indexes:
                if index.document["name"] not in present:
                    return f"the collection {name} has no index {index.document['name']}"
        return None

    def figures(self) -> PoolFigures:
        """The connections now."""
        return self._pool.figures()


@contextmanager
def _answering() -> Iterator[None]:
    """Raises Unavailable for what passes; a fault stays what it is."""
    try:
        yield
    except PyMongoError as error:
        match error:
            # The options were checked when the client was made; the last of these says that DNS does not answer.
            case ServerSelectionTimeoutError() | WaitQueueTimeoutError() | ConfigurationError():
                detail = "The database cannot be reached; try again"
            case ConnectionFailure() | ExecutionTimeout() | OperationFailure(code=18):  # 18: the password is wrong
                detail = "The database did not finish the request; try again"
            case _:
                raise
        log.warning("database", error=str(error), code=getattr(error, "code", None))
        raise Unavailable(detail) from error


class _Pool(ConnectionPoolListener):
    """Counts the connections to all servers of a cluster, without those that only watch a server."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._size = self._used = self._waiting = self._errors = 0

    def figures(self) -> PoolFigures:
        """The connections now."""
        return PoolFigures(self._size, self._size - self._used, self._largest, self._waiting, self._errors)

    def connection_created(self, _: ConnectionCreatedEvent) -> None:
        """One more."""
        self._size += 1

    def connection_closed(self, _: ConnectionClosedEvent) -> None:
        """One less."""
        self._size -= 1

    def connection_check_out_started(self, _: ConnectionCheckOutStartedEvent) -> None:
        """A request waits for a connection."""
        self._waiting += 1

    def connection_check_out_failed(self, _: ConnectionCheckOutFailedEvent) -> None:
        """It got none."""
        self._waiting -= 1
        self._errors += 1

    def connection_checked_out(self, _: ConnectionCheckedOutEvent) -> None:
        """It got one."""
        self._waiting -= 1
        self._used += 1

    def connection_checked_in(self, _: ConnectionCheckedInEvent) -> None:
        """It has given it back."""
        self._used -= 1

    def connection_ready(self, event: ConnectionReadyEvent) -> None:
        """Not counted."""

    def pool_created(self, event: PoolCreatedEvent) -> None:
        """Not counted."""

    def pool_ready(self, event: PoolReadyEvent) -> None:
        """Not counted."""

    def pool_cleared(self, event: PoolClearedEvent) -> None:
        """Its connections are closed one by one."""

    def pool_closed(self, event: PoolClosedEvent) -> None:
        """Its connections are closed one by one."""
