"""Populating, reading and deleting, with an upstream that fails in every way it can."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from market.fake_upstream import Upstream
from market.settings import MarketSettings
from pydantic import ValidationError
from servicekit.testing import PostgresServer
from starlette.responses import JSONResponse, Response
from starlette.testclient import TestClient

POPULATED = {"status": "Database populated successfully", "inserted": 3, "updated": 0}
Start = Callable[..., TestClient]


@pytest.mark.row("0.1")
@pytest.mark.row("0.8")
def test_both_endpoints_of_the_seed_answer_as_in_the_seed(start: Start, upstream: Upstream) -> None:
    market = start(market_auth_token=None, market_open=True)
    market.headers.pop("Authorization")
    assert market.post("/populate").json() == POPULATED
    assert market.delete("/delete").json() == {"status": "Data deleted successfully", "deleted": 3}
    assert market.get("/coins").json() == []


@pytest.mark.row("0.1")
def test_coins_are_updated_and_never_stored_twice(market: TestClient, upstream: Upstream) -> None:
    assert market.post("/populate").json() == POPULATED
    upstream.price_factor = 2
    assert market.post("/populate").json() == {**POPULATED, "inserted": 0, "updated": 3}
    coins = market.get("/coins").json()
    assert [(coin["id"], coin["symbol"], coin["price"]) for coin in coins] == [
        (1, "C1", 2.5),
        (2, "C2", 5),
        (3, "C3", 7.5),
    ]


def test_coins_are_read_page_by_page(market: TestClient) -> None:
    market.post("/populate")
    assert [coin["id"] for coin in market.get("/coins?limit=2").json()] == [1, 2]
    assert [coin["id"] for coin in market.get("/coins?limit=2&after=2").json()] == [3]
    assert market.get("/coins?limit=0").status_code == 400


@pytest.mark.row("0.2")
def test_the_upstream_gets_the_key_and_a_limit(market: TestClient, upstream: Upstream) -> None:
    market.post("/populate")
    assert upstream.requests == [{"limit": "3", "convert": "USD", "key": "key"}]


def test_a_price_keeps_all_its_digits(market: TestClient, upstream: Upstream) -> None:
    body = '{"data": [{"id": 1, "name": "B", "symbol": "%s", "quote": {"USD": {"price": 0.12345678901234567890}}}]}'
    upstream.next.append(Response(body % ("LONGER-THAN-TEN" * 3), media_type="application/json"))
    assert market.post("/populate").json()["inserted"] == 1
    assert "0.12345678901234567890" in market.get("/coins").text


def test_writing_needs_a_token_and_reading_does_not(market: TestClient, upstream: Upstream) -> None:
    for method, path in (("POST", "/populate"), ("DELETE", "/delete")):
        answer = market.request(method, path, headers={"Authorization": "Bearer wrong"})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert market.get("/coins", headers={"Authorization": ""}).status_code == 200
    assert upstream.requests == []


def test_a_market_without_a_token_has_to_be_opened_explicitly() -> None:
    with pytest.raises(ValidationError, match="MARKET_OPEN=true"):
        MarketSettings(database_url="postgresql://", coinmarketcap_api_key="key")


def test_a_repeat_with_the_same_key_gives_the_first_answer(market: TestClient, upstream: Upstream) -> None:
    first = market.post("/populate", headers={"Idempotency-Key": "a"})
    again = market.post("/populate", headers={"Idempotency-Key": "a"})
    assert (first.json(), first.headers.get("idempotency-replayed")) == (POPULATED, None)
    assert (again.json(), again.headers.get("idempotency-replayed")) == (POPULATED, "true")
    assert market.post("/populate", headers={"Idempotency-Key": "b"}).json()["updated"] == 3
    assert len(upstream.requests) == 2
    assert market.post("/populate", headers={"Idempotency-Key": "a b"}).status_code == 400


def test_concurrent_requests_with_the_same_key_populate_once(market: TestClient) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: market.post("/populate", headers={"Idempotency-Key": "a"}), range(8)))
    assert [answer.json() for answer in answers] == [POPULATED] * 8
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1


@pytest.mark.row("0.2")
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_failure_that_passes_is_tried_again(market: TestClient, upstream: Upstream, status: int) -> None:
    upstream.next.extend([Response(status_code=status)] * 2)
    assert market.post("/populate").json() == POPULATED
    assert len(upstream.requests) == 3


def test_a_limit_is_waited_for_as_long_as_it_asks(market: TestClient, upstream: Upstream) -> None:
    upstream.next.append(Response(status_code=429, headers={"Retry-After": "1"}))
    began = time.monotonic()
    assert market.post("/populate").status_code == 200
    assert time.monotonic() - began >= 1


def test_a_limit_that_lasts_too_long_is_passed_on(market: TestClient, upstream: Upstream) -> None:
    upstream.next.append(Response(status_code=429, headers={"Retry-After": "60"}))
    began = time.monotonic()
    answer = market.post("/populate")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (Response(status_code=401), "CoinMarketCap refuses the request with status 401"),
        (Response(status_code=302), "CoinMarketCap refuses the request with status 302"),
        (Response("<html>"), "CoinMarketCap's answer has another form"),
        (
            JSONResponse({"data": [{"id": 1, "name": "B", "quote": {}}]}),
            "CoinMarketCap's answer has another form",
        ),
    ],
)
def test_what_does_not_pass_is_not_tried_again(
    market: TestClient, upstream: Upstream, answer: Response, detail: str
) -> None:
    upstream.next.append(answer)
    failed = market.post("/populate")
    assert failed.status_code == 502
    assert failed.json()["detail"].startswith(detail)
    assert len(upstream.requests) == 1
    assert market.get("/coins").json() == []


def test_an_upstream_that_cannot_be_reached_is_504(start: Start) -> None:
    market = start(coinmarketcap_url="http://127.0.0.1:1")
    answer = market.post("/populate")
    assert (answer.status_code, answer.json()["detail"]) == (504, "CoinMarketCap does not answer: ConnectError")


@pytest.mark.row("0.14")
def test_a_market_that_starts_before_its_database_recovers(start: Start, upstream: Upstream) -> None:
    server = PostgresServer()
    try:
        market = start(database_url=server.url("postgres"), migrate_on_start=True, pool_wait_seconds=0.2)
        assert (market.get("/livez").status_code, market.get("/readyz").status_code) == (200, 503)
        assert market.post("/populate").status_code == 503
        server.start()
        deadline = time.monotonic() + 20
        while market.get("/readyz").status_code != 200 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert market.post("/populate").json() == POPULATED
    finally:
        server.stop()
