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
from servicekit.metrics import Metrics
from servicekit.observe import Observe
from servicekit.settings import ServiceSettings
from servicekit.store import Store, upgrade_in_background

S = TypeVar("S", bound=ServiceSettings)
D = TypeVar("D", bound=Store)

log = structlog.get_logger()


@dataclass(frozen=True)
class Service(Generic[S, D]):
    """What makes one service different from another."""

    name: str
    title: str
    settings: type[S]
    connect: Callable[[S], D]
    """Makes the database that the settings name; connects to nothing."""
    install: Callable[[FastAPI, S, D], None]
    """Adds the routes of the API to the application; called once, connects to nothing."""

    def application(self, settings: S, lifecycle: health.Lifecycle | None = None) -> FastAPI:
        """The application. Starting it connects in the background, so it starts without its database."""
        database = self.connect(settings)
        metrics = Metrics(database)

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            await database.open()
            migrating = asyncio.create_task(self._migrate(settings, database))
            try:
                yield
            finally:
                migrating.cancel()
                await database.close()

        app = FastAPI(title=self.title, version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
        app.add_middleware(Observe, metrics=metrics, max_body_bytes=settings.max_body_bytes)
        problems.install(app)
        app.include_router(health.router(lifecycle or health.Lifecycle(), database, metrics))
        self.install(app, settings, database)
        return app

    async def _migrate(self, settings: S, database: D) -> None:
        if not settings.migrate_on_start:
            return
        try:
            await upgrade_in_background(database)
        except Exception:
            # The service stays unready and says why under /readyz; a restart would not change the schema.
            log.exception("migrations failed")
