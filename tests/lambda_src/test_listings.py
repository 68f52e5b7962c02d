"""SOURCE=listings: records come from the listings API, with a key from Secrets Manager, within the function's time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from lambda_src.populate import clients, listings
from tests.lambda_src.conftest import BUCKET, Function, admin
from tests.lambda_src.samples import rest_event

LISTING = {"data": [{"name": "Bitcoin", "symbol": "BTC", "quote": {"USD": {"price": 64000.5}}, "cmc_rank": 1}] * 9}
KEY = "b54bcf4d-1bca-4e8e-9a24-22ff2c3d462c"


class Market(ThreadingHTTPServer):
    """The listings API; it gives `answers` in turn, and repeats the last."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.answers: list[tuple[int, Any]] = [(200, LISTING)]
        self.requests: list[tuple[str, str | None]] = []
        """Path and key of each request."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/listings"


class _Answer(BaseHTTPRequestHandler):
    server: Market

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers["X-CMC_PRO_API_KEY"]))
        status, content = self.server.answers[0]
        if len(self.server.answers) > 1:
            self.server.answers.pop(0)
        body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def market(function: Function, monkeypatch: pytest.MonkeyPatch) -> Iterator[Market]:
    """A listings API, which the function is set up to use."""
    monkeypatch.setattr(listings, "PAUSE_SECONDS", 0.001)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Market()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    arn = admin("secretsmanager").create_secret(Name="listings", SecretString=json.dumps({"api_key": KEY}))["ARN"]
    function.environ(SOURCE="listings", LISTINGS_SECRET_ARN=arn, LISTINGS_URL=server.url)
    yield server
    server.shutdown()
    server.server_close()


def test_the_file_holds_the_requested_number_of_listings(function: Function, market: Market):
    body = function.answer(rest_event('{"records": 4}'), status=201)
    assert market.requests == [("/v1/listings?limit=4", KEY)]
    document = json.loads(admin("s3").get_object(Bucket=BUCKET, Key=body["key"])["Body"].read())
    assert document["source"] == "listings"
    assert document["records"] == [{"name": "Bitcoin", "symbol": "BTC", "price": 64000.5}] * 4


def test_the_key_is_read_once(function: Function, market: Market, monkeypatch: pytest.MonkeyPatch):
    function.answer(rest_event(), status=201)
    monkeypatch.setattr(clients.secretsmanager(), "get_secret_value", None)
    function.answer(rest_event(), status=201)
    assert len(market.requests) == 2


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_api_is_called_again(function: Function, market: Market, status: int):
    market.answers = [(status, {}), (status, {}), (200, LISTING)]
    function.answer(rest_event(), status=201)
    assert len(market.requests) == 3


@pytest.mark.parametrize(("status", "times"), [(401, 1), (404, 1), (500, 3)])
def test_an_api_that_refuses_is_502(function: Function, market: Market, logged, status: int, times: int):
    market.answers = [(status, {"status": {"error_message": "inside"}})]
    problem = function.answer(rest_event(), status=502)
    assert problem["type"] == "urn:populate:problem:listings-failed"
    assert len(market.requests) == times
    assert KEY not in logged.getvalue() + json.dumps(problem)


@pytest.mark.parametrize("content", ["{", "[]", "{}", {"data": []}, {"data": [{"name": "x"}]}])
def test_an_unexpected_answer_is_502(function: Function, market: Market, content: Any):
    market.answers = [(200, content)]
    function.answer(rest_event(), status=502)


def test_no_connection_is_502(function: Function, market: Market):
    market.shutdown()
    market.server_close()
    function.answer(rest_event(), status=502)


@pytest.mark.parametrize("secret", ["not json " + KEY, "{}", '{"api_key": ""}', '["x"]'])
def test_an_invalid_secret_is_502_and_not_logged(function: Function, market: Market, logged, secret: str):
    admin("secretsmanager").put_secret_value(SecretId="listings", SecretString=secret)
    function.environ()
    function.answer(rest_event(), status=502)
    assert market.requests == []
    assert KEY not in logged.getvalue()


def test_a_missing_secret_is_502(function: Function, market: Market):
    function.environ(LISTINGS_SECRET_ARN="arn:aws:secretsmanager:eu-west-2:123456789012:secret:absent-AbCdEf")
    function.answer(rest_event(), status=502)


def test_without_time_to_write_the_file_the_api_is_not_called(function: Function, market: Market):
    function.context.remaining_milliseconds = 21_000
    function.answer(rest_event(), status=504)
    assert market.requests == []


def test_a_seed_cannot_be_combined_with_listings(function: Function, market: Market):
    problem = function.answer(rest_event('{"seed": 1}'), status=422)
    assert problem["detail"].startswith("seed: ")
