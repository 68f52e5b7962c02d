"""The smallest service: one table, one route that reads it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from servicekit.database import Database
from servicekit.migrations import Migrations
from servicekit.routing import api_router
from servicekit.service import Service
from servicekit.settings import ServiceSettings

REVISION = """
from servicekit import migrations

revision = "{number}"
down_revision = {before}


def upgrade() -> None:
    migrations.run("{sql}")
"""
Revise = Callable[[int, str], None]


@pytest.fixture
def revise(tmp_path: Path) -> Revise:
    """Adds a revision to the service."""

    def revise(number: int, sql: str) -> None:
        before = repr(str(number - 1)) if number > 1 else None
        (tmp_path / f"v{number}.py").write_text(REVISION.format(number=number, before=before, sql=sql))

    return revise


@pytest.fixture
def migrations(tmp_path: Path, revise: Revise) -> Migrations:
    """Read when they are used for the first time."""
    revise(1, "CREATE TABLE visits (name text PRIMARY KEY)")
    return Migrations("visits", tmp_path)


@pytest.fixture
def service(migrations: Migrations) -> Service[ServiceSettings, Database]:

    def install(app: FastAPI, settings: ServiceSettings, database: Database) -> None:
        routes = api_router(settings)

        @routes.post("/visits/{name}")
        async def visit(name: str) -> int:
            await database.row("INSERT INTO visits VALUES (%s) ON CONFLICT DO NOTHING RETURNING 1", (name,))
            row = await database.row("SELECT count(*) FROM visits")
            return int(row[0]) if row else 0

        @routes.post("/numbers")
        async def numbers(numbers: dict[str, int]) -> int:
            return sum(numbers.values())

        @routes.get("/fault")
        async def fault() -> Any:
            raise RuntimeError("secret detail")

        @routes.get("/slow")
        async def slow() -> None:
            await database.row("SELECT pg_sleep(5)")

        app.include_router(routes)

    return Service("visits", "Visits", ServiceSettings, partial(Database.of, migrations=migrations), install)
