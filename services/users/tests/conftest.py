"""The users in this process, in Postgres and in MongoDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from servicekit.testing import wait_until_ready
from starlette.testclient import TestClient
from users.main import SERVICE
from users.settings import UsersSettings

TOKEN = "a-token-of-a-test"
Start = Callable[..., TestClient]


@pytest.fixture(params=["postgres", "mongodb"])
def url(request: pytest.FixtureRequest) -> str:
    """Address of a database without users."""
    if request.param == "mongodb":
        return str(request.getfixturevalue("mongo_database"))
    url: str = request.getfixturevalue("migrated")("users")
    with psycopg.connect(url) as connection:
        connection.execute("TRUNCATE users RESTART IDENTITY")
    return url


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts the users with settings by name, and waits until their database is ready."""
    with ExitStack() as stack:

        def start(database_url: str, *, ready: bool = True, **settings: Any) -> TestClient:
            values = {"database_url": database_url, "users_auth_token": TOKEN, **settings}
            application = SERVICE.application(UsersSettings(**values))
            client = stack.enter_context(TestClient(application, headers={"Authorization": f"Bearer {TOKEN}"}))
            if ready:
                wait_until_ready(client)
            return client

        yield start


@pytest.fixture
def users(start: Start, url: str) -> TestClient:
    return start(url)
