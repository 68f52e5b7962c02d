"""Users in Postgres or in MongoDB, as the address of the database says."""

from __future__ import annotations

from typing import Protocol

from servicekit.database import Database, postgres
from servicekit.mongo import Mongo, mongo
from servicekit.pages import Page
from servicekit.settings import is_mongo

from users.in_mongodb import INDEXES, MongoUsers
from users.in_postgres import PostgresUsers
from users.models import User, UserIn
from users.settings import UsersSettings

_POSTGRES = postgres("users")
_MONGO = mongo("users", INDEXES)


class Users(Protocol):
    """The users of a database, in the order of their ids."""

    async def page(self, after: str | None, limit: int) -> Page:
        """At most `limit` users after a cursor."""

    async def add(self, user: UserIn) -> User | None:
        """Add a user; None when another one has the username or the email address."""


def connect(settings: UsersSettings) -> Database | Mongo:
    """The database that the settings name."""
    return (_MONGO if is_mongo(settings.database_url.get_secret_value()) else _POSTGRES)(settings)


def users_in(database: Database | Mongo) -> Users:
    """The users of a database."""
    return MongoUsers(database) if isinstance(database, Mongo) else PostgresUsers(database)
