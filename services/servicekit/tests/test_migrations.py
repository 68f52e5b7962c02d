"""Revisions are run once, by one process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from servicekit.database import Database
from servicekit.migrations import Migrations
from servicekit.problems import Unavailable
from servicekit.store import upgrade_when_reachable
from sqlalchemy.exc import ProgrammingError

Revise = Callable[[int, str], None]


def database_of(url: str, migrations: Migrations) -> Database:
    return Database(url, migrations=migrations, size=1, wait_seconds=5, statement_seconds=5)


def problem(migrations: Migrations, url: str) -> str | None:
    async def ask() -> str | None:
        database = database_of(url, migrations)
        await database.open()
        try:
            return await database.problem()
        finally:
            await database.close()

    return asyncio.run(ask())


def test_processes_that_start_together_migrate_once(
    migrations: Migrations, revise: Revise, empty_database: str
) -> None:
    revise(2, "SELECT pg_sleep(0.2); CREATE TABLE other (id int)")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrations.upgrade, [empty_database] * 4))
    assert problem(migrations, empty_database) is None


def test_a_revision_that_fails_leaves_the_schema_as_it_was(
    migrations: Migrations, revise: Revise, empty_database: str
) -> None:
    revise(2, "CREATE TABLE half (id int); SELECT * FROM missing")
    with pytest.raises((ProgrammingError, psycopg.Error), match="missing"):
        migrations.upgrade(empty_database)
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT to_regclass('half'), to_regclass('visits')").fetchone() == (None, None)


def test_an_older_schema_is_a_problem_and_a_newer_one_is_not(
    migrations: Migrations, revise: Revise, empty_database: str
) -> None:
    migrations.upgrade(empty_database)
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from-the-future'")
    assert problem(migrations, empty_database) is None
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '1'")
    revise(2, "CREATE TABLE other (id int)")
    newer = Migrations("visits", migrations.folder)
    assert problem(newer, empty_database) == "the schema is at revision 1, which is too old"


def test_waiting_for_a_database_ends(migrations: Migrations) -> None:
    database = database_of("postgresql://nobody@127.0.0.1:1/none", migrations)
    with pytest.raises(Unavailable, match="refused"):
        upgrade_when_reachable(database, wait_seconds=0.3)
