"""A ledger in this process on a database of its own, as a client sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from ledgers import client_of
from starlette.testclient import TestClient

Start = Callable[..., TestClient]


@pytest.fixture
def url(migrated: Callable[[str], str]) -> str:
    return migrated("ledger")


@pytest.fixture
def database(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A session of somebody who goes around the API."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def start(url: str) -> Iterator[Start]:
    """Starts a ledger with settings by name."""
    with ExitStack() as stack:

        def start(**settings: Any) -> TestClient:
            return stack.enter_context(client_of(url, **settings))

        yield start


@pytest.fixture(scope="module")
def shared_ledger(migrated: Callable[[str], str]) -> Iterator[TestClient]:
    """One ledger for the tests of a file that only read what is in it."""
    with client_of(migrated("ledger")) as client:
        yield client


@pytest.fixture
def ledger(start: Start) -> TestClient:
    return start()


@pytest.fixture
def strict(start: Start) -> TestClient:
    return start(ledger_strict=True)


@pytest.fixture(scope="module")
def shared_strict(migrated: Callable[[str], str]) -> Iterator[TestClient]:
    """As shared_ledger, in strict mode."""
    with client_of(migrated("ledger"), ledger_strict=True) as client:
        yield client
