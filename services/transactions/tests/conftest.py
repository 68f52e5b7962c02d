"""The transactions in this process, on a MongoDB database of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from payments import transaction
from pymongo import MongoClient
from servicekit.testing import wait_until_ready
from starlette.testclient import TestClient
from transactions.main import SERVICE
from transactions.queries import COLLECTION
from transactions.settings import TransactionsSettings

Start = Callable[..., TestClient]


@pytest.fixture
def stored(mongo_database: str) -> Iterator[Any]:
    """The collection."""
    with MongoClient(mongo_database) as client:
        yield client.get_default_database()[COLLECTION]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts the transactions with settings by name, and waits until their database is ready."""
    with ExitStack() as stack:

        def start(database_url: str, *, ready: bool = True, **settings: Any) -> TestClient:
            application = SERVICE.application(TransactionsSettings(database_url=database_url, **settings))
            client = stack.enter_context(TestClient(application))
            if ready:
                wait_until_ready(client)
            return client

        yield start


@pytest.fixture
def api(start: Start, mongo_database: str, stored: Any) -> TestClient:
    """With six transactions, of which the last is too old for most questions."""
    api = start(mongo_database)
    stored.insert_many(
        [
            transaction(1, days=1, amount=100),
            transaction(2, days=2, card="Amex", country="DE", amount=999),
            transaction(3, days=3, country="DE", amount=99.99),
            transaction(4, days=50, card="Maestro", amount=500.5),
            transaction(5, days=89, amount=999.01),
            transaction(6, days=91, country="DE", amount=500),
        ]
    )
    return api
