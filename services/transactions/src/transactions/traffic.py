"""What a load test sends the transactions: each of their queries, with five thousand of them stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection
from servicekit.load import Traffic

from transactions import samples
from transactions.queries import COLLECTION

_STORED, _DAYS = 5000, 90


def _say_nothing(_done: int) -> None:
    return


def prepare(address: str, variables: Mapping[str, str]) -> None:
    """Store them."""
    del address
    client: MongoClient[Any]
    with MongoClient(variables["DATABASE_URL"]) as client:
        documents = samples.samples(1, until=datetime.now(UTC), days=_DAYS)
        collection: Collection[samples.Document] = client.get_default_database()[COLLECTION]
        samples.insert(collection, documents, _STORED, on_progress=_say_nothing)


TRAFFIC = (
    Traffic.same("page of 20", "GET", "/transactions/90?limit=20"),
    Traffic.same("of a card", "GET", "/transactions/90/card/Visa"),
    Traffic.same("of a country", "GET", "/transactions/90/country/GB?limit=20"),
    Traffic.same("of an amount", "GET", "/transactions/90/amount/100/200?limit=20"),
)
