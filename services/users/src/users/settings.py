"""Settings of the users."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator
from servicekit.settings import Secret, ServiceSettings


class UsersSettings(ServiceSettings):
    """Environment variables have these names in capitals.

    The address may be that of a Postgres or, as mongodb://…/name, of a MongoDB with the name of a database.
    """

    database_kinds = frozenset({"postgresql", "mongodb"})

    users_auth_token: Secret | None = None
    """Needed to add a user."""
    users_auth_token_previous: Secret | None = None
    """Still accepted while clients move to a new token."""
    users_open: bool = False
    """True: everybody may add users, without a token."""
    users_greeting: str = "Hello, Sherpany!"
    """What `/` answers."""

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if self.users_auth_token is None and not self.users_open:
            raise ValueError("USERS_AUTH_TOKEN is missing; USERS_OPEN=true lets everybody write")
        return self
