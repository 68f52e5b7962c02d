"""The client of CoinMarketCap: bounded in time and attempts, and patient with its limits."""

from __future__ import annotations

import json
from decimal import Decimal

import httpx
import structlog
import tenacity
from servicekit.problems import Problem

from market.models import Listing, Listings
from market.settings import MarketSettings

PATH = "v1/cryptocurrency/listings/latest"
ATTEMPTS = 4
LONGEST_PAUSE_SECONDS = 2.0
# 429 and what a proxy or a restart answers: worth another attempt, unlike a wrong key or a spent plan.
PASSING = frozenset({429, 500, 502, 503, 504})

log = structlog.get_logger()


class _Passing(Exception):
    """An attempt failed in a way that the next may not; `pause` is what the server asks for, in seconds."""

    def __init__(self, reason: str, *, status: int | None = None, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.status = status
        self.pause = pause


async def listings(settings: MarketSettings, transport: httpx.AsyncBaseTransport | None = None) -> list[Listing]:
    """The largest coins with their prices. Raises Problem 502, 503 or 504."""
    attempts = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(_Passing),
        stop=tenacity.stop_after_attempt(ATTEMPTS) | tenacity.stop_before_delay(settings.coinmarketcap_total_seconds),
        wait=_pause,
        before_sleep=lambda state: log.warning(
            "CoinMarketCap", attempt=state.attempt_number, error=str(_failure(state))
        ),
        reraise=True,
    )
    headers = {"X-CMC_PRO_API_KEY": settings.coinmarketcap_api_key.get_secret_value(), "Accept": "application/json"}
    timeout = httpx.Timeout(settings.coinmarketcap_seconds)
    async with httpx.AsyncClient(headers=headers, timeout=timeout, transport=transport) as client:
        try:
            return await attempts(_attempt, client, settings)
        except _Passing as error:
            if error.status == 429:
                pause = str(max(1, round(error.pause)))
                detail = "CoinMarketCap's limit of requests is reached"
                raise Problem(503, detail, headers={"Retry-After": pause}) from error
            raise Problem(502 if error.status else 504, f"CoinMarketCap does not answer: {error}") from error


async def _attempt(client: httpx.AsyncClient, settings: MarketSettings) -> list[Listing]:
    address = f"{str(settings.coinmarketcap_url).rstrip('/')}/{PATH}"
    try:
        answer = await client.get(address, params={"limit": settings.coinmarketcap_coins, "convert": "USD"})
    except httpx.TransportError as error:
        raise _Passing(type(error).__name__) from error
    if answer.status_code in PASSING:
        raise _Passing(f"status {answer.status_code}", status=answer.status_code, pause=_asked_pause(answer))
    if answer.status_code != httpx.codes.OK:
        raise Problem(502, f"CoinMarketCap refuses the request with status {answer.status_code}")
    try:
        # Not pydantic's own parser, which reads a price as a float before it makes a Decimal of it.
        return Listings.model_validate(json.loads(answer.content, parse_float=Decimal)).data
    except ValueError as error:
        raise Problem(502, "CoinMarketCap's answer has another form than documented") from error


def _asked_pause(answer: httpx.Response) -> float:
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else 0.0


def _failure(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _pause(state: tenacity.RetryCallState) -> float:
    failure = _failure(state)
    backoff = tenacity.wait_random_exponential(0.1, max=LONGEST_PAUSE_SECONDS)(state)
    return max(backoff, failure.pause if isinstance(failure, _Passing) else 0.0)
