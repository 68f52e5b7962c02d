"""Revisions are run once, by one process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from servicekit.database import Database
from servicekit.service import Service
from servicekit.settings import ServiceSettings
from sqlalchemy.exc import OperationalError, ProgrammingError

Revise = Callable[[int, str], None]


def problem(service: Service[ServiceSettings], url: str) -> str | None:
    async def ask() -> str | None:
        database = Database(url, name="test", size=1, wait_seconds=5, statement_seconds=5)
        await database.open()
        try:
            return await service.migrations.problem(database)
        finally:
            await database.close()

    return asyncio.run(ask())


def test_processes_that_start_together_migrate_once(
    service: Service[ServiceSettings], revise: Revise, empty_database: str
) -> None:
    revise(2, "SELECT pg_sleep(0.2); CREATE TABLE other (id int)")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(service.migrations.upgrade, [empty_database] * 4))
    assert problem(service, empty_database) is None


def test_a_revision_that_fails_leaves_the_schema_as_it_was(
    service: Service[ServiceSettings], revise: Revise, empty_database: str
) -> None:
    revise(2, "CREATE TABLE half (id int); SELECT * FROM missing")
    with pytest.raises((ProgrammingError, psycopg.Error), match="missing"):
        service.migrations.upgrade(empty_database)
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT to_regclass('half'), to_regclass('visits')").fetchone() == (None, None)


def test_an_older_schema_is_a_problem_and_a_newer_one_is_not(
    service: Service[ServiceSettings], revise: Revise, empty_database: str
) -> None:
    service.migrations.upgrade(empty_database)
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from-the-future'")
    assert problem(service, empty_database) is None
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '1'")
    revise(2, "CREATE TABLE other (id int)")
    newer = Service(
        "visits",
        "Visits",
        ServiceSettings,
        type(service.migrations)("visits", service.migrations.folder),
        service.install,
    )
    assert problem(newer, empty_database) == "the schema is at revision 1, which is too old"


def test_waiting_for_a_database_ends(service: Service[ServiceSettings]) -> None:
    with pytest.raises(OperationalError):
        service.migrations.upgrade_when_reachable("postgresql://nobody@127.0.0.1:1/none", wait_seconds=0.3)
