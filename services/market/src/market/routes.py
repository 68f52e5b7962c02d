"""The routes of the market."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Header, Query
from servicekit.database import Database
from servicekit.problems import Problem
from servicekit.routing import api_router
from servicekit.tokens import Tokens
from starlette.responses import Response

from market import coinmarketcap, queries
from market.models import Coin, Deleted, Populated
from market.settings import MarketSettings

IdempotencyKey = Annotated[
    str | None,
    Header(
        description="A repeat within 24 hours gives the first answer", min_length=1, max_length=255, pattern="^[!-~]+$"
    ),
]
_REPLAYED: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"Idempotency-Replayed": {"description": "true for a repeat", "schema": {"type": "string"}}}}
}


def install(app: FastAPI, settings: MarketSettings, database: Database) -> None:
    """Add the API to `app`: reading is open, writing needs a token."""
    tokens = None
    if settings.market_auth_token is not None:
        tokens = Tokens([settings.market_auth_token, settings.market_auth_token_previous])
    reading = api_router(settings)
    writing = api_router(settings, 502, 504, tokens=tokens)

    @reading.get("/coins", response_model=list[Coin])
    async def coins(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        after: Annotated[int, Query(ge=0, lt=2**63, description="id of the last coin of the page before")] = 0,
    ) -> Response:
        documents = await queries.coins(database, limit=limit, after=after)
        return Response(f"[{','.join(documents)}]", media_type="application/json")

    @writing.post("/populate", responses=_REPLAYED)
    async def populate(response: Response, idempotency_key: IdempotencyKey = None) -> Populated:
        earlier = None if idempotency_key is None else await queries.population(database, idempotency_key)
        if earlier is None:
            listings = await coinmarketcap.listings(settings)
            populated = await queries.populate(database, listings, idempotency_key)
            if populated is not None:
                return populated
            earlier = await queries.population(database, idempotency_key or "")
        if earlier is None:
            raise Problem(503, "The request with the same Idempotency-Key did not finish; try again")
        response.headers["Idempotency-Replayed"] = "true"
        return earlier

    @writing.delete("/delete")
    async def delete() -> Deleted:
        return Deleted(deleted=await queries.delete(database))

    app.include_router(reading)
    app.include_router(writing)
