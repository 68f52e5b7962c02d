"""What the transactions ask MongoDB: every filter is part of the query, and each query has an index."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import orjson
from pymongo import IndexModel
from servicekit.mongo import Document, Indexes, Mongo
from servicekit.pages import Page, decode_cursor, encode_cursor

from transactions.models import FIELDS, masked

COLLECTION = "transaction"
DAY = 86_400_000
"""In milliseconds."""
_NEWEST_FIRST = [("date", -1), ("_id", -1)]
INDEXES: Indexes = {
    COLLECTION: [
        # The amount is looked up in the index, so that only what is listed is read.
        IndexModel([*_NEWEST_FIRST, ("amount", 1)], name="newest"),
        IndexModel([("countryOrigin", 1), *_NEWEST_FIRST], name="country_newest"),
        IndexModel([("cardType", 1), ("date", -1)], name="card_newest"),
    ]
}


async def count(database: Mongo, days: int, condition: Mapping[str, Any]) -> int:
    """How many transactions of the last days fit."""
    async with database.collection(COLLECTION) as transactions:
        question = {**condition, "date": {"$gte": _since(days)}}
        return await transactions.count_documents(question, maxTimeMS=database.max_time_ms)


async def page(database: Mongo, days: int, condition: Mapping[str, Any], after: str | None, limit: int) -> Page:
    """At most `limit` transactions of the last days after a cursor, the newest first."""
    if after is None:
        since = _since(days)
        place: Document = {"date": {"$gte": since}}
    else:
        # The window stays where it was on the first page.
        since, date, key = decode_cursor(after, int, int, str)
        place = {"date": {"$gte": since, "$lte": date}, "$or": [{"date": {"$lt": date}}, {"_id": {"$lt": key}}]}
    async with database.collection(COLLECTION) as transactions:
        cursor = transactions.find({**condition, **place}, FIELDS).sort(_NEWEST_FIRST).limit(limit + 1)
        documents = await cursor.max_time_ms(database.max_time_ms).to_list()
    following = None
    if len(documents) > limit:
        last = documents[limit - 1]
        following = encode_cursor(since, last["date"], last["_id"])
    return Page([_shown(document) for document in documents[:limit]], following)


def _since(days: int) -> int:
    return int(time.time() * 1000) - days * DAY


def _shown(document: Document) -> bytes:
    return orjson.dumps({**document, "cardNumber": masked(document.get("cardNumber", ""))}, default=str)
