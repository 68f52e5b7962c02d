"""A market in this process, its upstream on a port of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from market.fake_upstream import Upstream
from market.main import SERVICE
from market.settings import MarketSettings
from starlette.testclient import TestClient

TOKEN = "a-token-of-a-test"
Start = Callable[..., TestClient]


@pytest.fixture(scope="session")
def listening() -> Iterator[tuple[Upstream, str]]:
    upstream = Upstream()
    with upstream.listening() as address:
        yield upstream, address


@pytest.fixture
def upstream(listening: tuple[Upstream, str]) -> Upstream:
    upstream = listening[0]
    upstream.next.clear()
    upstream.requests.clear()
    upstream.price_factor = 1
    return upstream


@pytest.fixture
def start(listening: tuple[Upstream, str], migrated: Callable[[str], str]) -> Iterator[Start]:
    """Starts a market with settings by name."""
    with ExitStack() as stack:

        def start(**settings: Any) -> TestClient:
            values = {
                "database_url": settings.pop("database_url", None) or migrated("market"),
                "market_auth_token": TOKEN,
                "coinmarketcap_api_key": "key",
                "coinmarketcap_url": listening[1],
                "coinmarketcap_coins": 3,
                "migrate_on_start": False,
                **settings,
            }
            client = TestClient(
                SERVICE.application(MarketSettings(**values)), headers={"Authorization": f"Bearer {TOKEN}"}
            )
            return stack.enter_context(client)

        yield start


@pytest.fixture
def market(start: Start, upstream: Upstream) -> TestClient:
    return start()
