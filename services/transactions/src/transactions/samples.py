"""Transactions that nobody made: the same ones for the same seed, number and day."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from faker import Faker
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from transactions.queries import DAY

CARDS = ("Visa", "Mastercard", "Amex", "Maestro", "Discover")
BATCH = 1000
DUPLICATE = 11000
Document = dict[str, Any]


def samples(seed: int, *, until: datetime, days: int) -> Iterator[Document]:
    """Endless transactions, spread over the days before `until`. The card numbers are Faker's, and of no card."""
    chance = random.Random(seed)  # noqa: S311 (samples, not secrets)
    fake = Faker("en_US")
    fake.seed_instance(seed)
    end = int(until.timestamp() * 1000)
    while True:
        card = chance.choice(CARDS)
        yield {
            "_id": str(UUID(int=chance.getrandbits(128), version=4)),
            "date": end - chance.randrange(days * DAY),
            "currency": fake.currency_code(),
            "amount": round(chance.uniform(1, 1000), 2),
            "vendor": fake.company(),
            "cardType": card,
            "cardNumber": fake.credit_card_number(card_type=card.lower()),
            "address": fake.address(),
            "countryOrigin": fake.country_code(representation="alpha-2"),
        }


def insert(
    collection: Collection[Document], documents: Iterator[Document], number: int, *, on_progress: Callable[[int], None]
) -> int:
    """Insert so many documents in batches, telling `on_progress` how many are done; returns how many are new.

    Raises pymongo's errors for anything but a document that exists.
    """
    done = new = 0
    while batch := list(islice(documents, min(BATCH, number - done))):
        try:
            new += len(collection.insert_many(batch, ordered=False).inserted_ids)
        except BulkWriteError as error:
            if any(entry["code"] != DUPLICATE for entry in error.details["writeErrors"]):
                raise
            new += error.details["nInserted"]
        done += len(batch)
        on_progress(done)
    return new
