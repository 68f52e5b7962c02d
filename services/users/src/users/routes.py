"""The routes of the users. Each path of users is there with and without a slash at its end."""

from __future__ import annotations

from fastapi import FastAPI
from servicekit import pages
from servicekit.database import Database
from servicekit.mongo import Mongo
from servicekit.pages import After, Limit
from servicekit.problems import Problem
from servicekit.routing import api_router
from servicekit.tokens import Tokens
from starlette.responses import Response

from users.models import Greeting, Health, User, UserIn
from users.settings import UsersSettings
from users.stores import users_in


def install(app: FastAPI, settings: UsersSettings, database: Database | Mongo) -> None:
    """Add the API to `app`: reading is open, writing needs a token."""
    tokens = None
    if settings.users_auth_token is not None:
        tokens = Tokens([settings.users_auth_token, settings.users_auth_token_previous])
    users = users_in(database)
    reading = api_router(settings)
    writing = api_router(settings, 409, tokens=tokens)

    @reading.get("/")
    async def greet() -> Greeting:
        return Greeting(Message=settings.users_greeting)

    @reading.get("/health")
    async def health() -> Health:
        return Health()

    @reading.get("/users/", include_in_schema=False)
    @reading.get("/users", responses=pages.list_of(User))
    async def read(limit: Limit = None, after: After = None) -> Response:
        return await pages.answer(users.page, limit=limit, after=after)

    @writing.post("/users/", include_in_schema=False, status_code=201)
    @writing.post("/users", status_code=201)
    async def add(user: UserIn) -> User:
        added = await users.add(user)
        if added is None:
            raise Problem(409, "Another user has this username or email address")
        return added

    app.include_router(reading)
    app.include_router(writing)
