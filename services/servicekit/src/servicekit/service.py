"""Puts a service together: its routes, what surrounds them, and the order in which things start and stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from fastapi import FastAPI

from servicekit import health, problems
from servicekit.database import Database
from servicekit.metrics import Metrics
from servicekit.migrations import Migrations
from servicekit.observe import Observe
from servicekit.settings import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)

log = structlog.get_logger()


@dataclass(frozen=True)
class Service(Generic[S]):
    """What makes one service different from another."""

    name: str
    title: str
    settings: type[S]
    migrations: Migrations
    install: Callable[[FastAPI, S, Database], None]
    """Adds the routes of the API to the application; called once, connects to nothing."""

    def application(self, settings: S, lifecycle: health.Lifecycle | None = None) -> FastAPI:
        """The application. Starting it connects in the background, so it starts without its database."""
        database = Database(
            settings.database_url.get_secret_value(),
            name=self.name,
            size=settings.pool_size,
            wait_seconds=settings.pool_wait_seconds,
            statement_seconds=settings.statement_seconds,
        )
        metrics = Metrics(database)

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            await database.open()
            migrating = asyncio.create_task(self._migrate(settings))
            try:
                yield
            finally:
                migrating.cancel()
                await database.close()

        app = FastAPI(title=self.title, version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
        app.add_middleware(Observe, metrics=metrics, max_body_bytes=settings.max_body_bytes)
        problems.install(app)
        app.include_router(health.router(lifecycle or health.Lifecycle(), database, self.migrations, metrics))
        self.install(app, settings, database)
        return app

    async def _migrate(self, settings: S) -> None:
        if not settings.migrate_on_start:
            return
        url = settings.database_url.get_secret_value()
        try:
            await asyncio.to_thread(self.migrations.upgrade_when_reachable, url)
        except Exception:
            # The service stays unready and says why under /readyz; a restart would not change the schema.
            log.exception("migrations failed")
