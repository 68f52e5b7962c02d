"""What the users ask Postgres."""

from __future__ import annotations

from servicekit.database import Database
from servicekit.pages import Page, decode_cursor

from users.models import User, UserIn

_PAGE = "SELECT id, name, username, email FROM users WHERE id > %s ORDER BY id LIMIT %s"
_ADD = "INSERT INTO users (name, username, email) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING id"


class PostgresUsers:
    """The users of a Postgres database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, after: str | None, limit: int) -> Page:
        """At most `limit` users after a cursor."""
        position = 0 if after is None else decode_cursor(after, int)[0]
        rows = await self._database.rows(_PAGE, (position, limit + 1))
        users = [User(key=str(id_), id=id_, name=name, username=user, email=email) for id_, name, user, email in rows]
        return Page.of(users, limit, lambda user: [user.id])

    async def add(self, user: UserIn) -> User | None:
        """Add a user; None when another one has the username or the email address."""
        row = await self._database.row(_ADD, (user.name, user.username, user.email))
        return None if row is None else User(key=str(row[0]), id=row[0], **user.model_dump())
