"""A transaction of a test."""

from __future__ import annotations

import time
from typing import Any

from transactions.queries import DAY


def transaction(number: int, *, days: float, card: str = "Visa", country: str = "US", amount: float = 5) -> Any:
    """A transaction so many days ago, as `tx populate` stores it."""
    return {
        "_id": f"00000000-0000-4000-8000-{number:012}",
        "date": int(time.time() * 1000) - int(days * DAY),
        "currency": "USD",
        "amount": amount,
        "vendor": "Lee and Sons",
        "cardType": card,
        "cardNumber": "4111111111111234",
        "address": "1 Main Street",
        "countryOrigin": country,
    }
