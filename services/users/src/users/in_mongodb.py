"""What the users ask MongoDB."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError
from servicekit.mongo import Document, Indexes, Mongo
from servicekit.pages import Page, decode_cursor
from servicekit.problems import Problem

from users.models import User, UserIn

COLLECTION = "users"
INDEXES: Indexes = {
    COLLECTION: [
        IndexModel([("email", 1)], name="users_email", unique=True),
        IndexModel([("username", 1)], name="users_username", unique=True),
    ]
}


class MongoUsers:
    """The users of a MongoDB database."""

    def __init__(self, database: Mongo) -> None:
        self._database = database

    async def page(self, after: str | None, limit: int) -> Page:
        """At most `limit` users after a cursor."""
        condition = {} if after is None else {"_id": {"$gt": _object_id(after)}}
        async with self._database.collection(COLLECTION) as users:
            cursor = users.find(condition).sort("_id", 1).limit(limit + 1)
            documents = await cursor.max_time_ms(self._database.max_time_ms).to_list()
        return Page.of([_user(document) for document in documents], limit, lambda user: [user.key])

    async def add(self, user: UserIn) -> User | None:
        """Add a user; None when another one has the username or the email address."""
        document: dict[str, Any] = user.model_dump()
        try:
            async with self._database.collection(COLLECTION) as users:
                await users.insert_one(document)
        except DuplicateKeyError:
            return None
        return _user(document)


def _user(document: Document) -> User:
    key = str(document["_id"])
    return User(key=key, id=key, name=document["name"], username=document.get("username"), email=document["email"])


def _object_id(cursor: str) -> ObjectId:
    try:
        return ObjectId(decode_cursor(cursor, str)[0])
    except InvalidId as error:
        raise Problem(400, "after is not the X-Next-Cursor of an earlier page of this list") from error
