"""The routes of the transactions. Every path begins with a number of days, counted back from now."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Path
from servicekit import pages
from servicekit.mongo import Mongo
from servicekit.pages import After, Limit, Page
from servicekit.problems import Problem
from servicekit.routing import api_router
from servicekit.tokens import Tokens
from starlette.responses import Response

from transactions import queries
from transactions.models import Count, Transaction
from transactions.settings import TransactionsSettings

Days = Annotated[int, Path(ge=0, le=36_500, description="How many days back from now", examples=[90])]
Card = Annotated[str, Path(pattern="^[A-Za-z ]{1,30}$", description="As it is stored", examples=["Visa"])]
Country = Annotated[str, Path(pattern="^[A-Za-z]{2}$", description="ISO 3166-1 alpha-2", examples=["US"])]
Amount = Annotated[float, Path(allow_inf_nan=False, description="Inclusive", examples=[100.0])]
LargerAmount = Annotated[float, Path(allow_inf_nan=False, description="Inclusive", examples=[999.0])]


def install(app: FastAPI, settings: TransactionsSettings, database: Mongo) -> None:
    """Add the API to `app`."""
    tokens = None
    if settings.transactions_auth_token is not None:
        tokens = Tokens([settings.transactions_auth_token, settings.transactions_auth_token_previous])
    routes = api_router(settings, tokens=tokens)
    listing = pages.list_of(Transaction)

    async def listed(days: int, condition: dict[str, Any], limit: int | None, after: str | None) -> Response:
        async def read(after: str | None, limit: int) -> Page:
            return await queries.page(database, days, condition, after, limit)

        return await pages.answer(read, limit=limit, after=after)

    @routes.get("/transactions/{days}", responses=listing)
    async def of_days(days: Days, limit: Limit = None, after: After = None) -> Response:
        return await listed(days, {}, limit, after)

    @routes.get("/transactions/{days}/card/{card}")
    async def of_card(days: Days, card: Card) -> Count:
        return Count(count=await queries.count(database, days, {"cardType": card}))

    @routes.get("/transactions/{days}/country/{code}", responses=listing)
    async def of_country(days: Days, code: Country, limit: Limit = None, after: After = None) -> Response:
        return await listed(days, {"countryOrigin": code.upper()}, limit, after)

    @routes.get("/transactions/{days}/amount/{minimum}/{maximum}", responses=listing)
    async def of_amount(
        days: Days, minimum: Amount, maximum: LargerAmount, limit: Limit = None, after: After = None
    ) -> Response:
        if minimum > maximum:
            raise Problem(400, f"The smaller amount comes first: {minimum:g} is more than {maximum:g}")
        return await listed(days, {"amount": {"$gte": minimum, "$lte": maximum}}, limit, after)

    app.include_router(routes)
