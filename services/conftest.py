"""A real Postgres for every test session, and a new database for every test that asks for one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from servicekit.migrations import Migrations
from servicekit.testing import PostgresServer

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres: PostgresServer) -> Callable[[Migrations], str]:
    """Address of a new database with the schema of a service: a copy, which takes less time than the migrations."""
    templates: set[str] = set()

    def create(migrations: Migrations) -> str:
        template = f"{migrations.name}_template"
        if template not in templates:
            migrations.upgrade(postgres.create(template))
            templates.add(template)
        return postgres.create(f"{migrations.name}_{next(NUMBERS)}", template=template)

    return create


@pytest.fixture
def empty_database(postgres: PostgresServer) -> str:
    """Address of a new database without tables."""
    return postgres.create(f"empty_{next(NUMBERS)}")
