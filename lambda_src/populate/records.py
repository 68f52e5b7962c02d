"""Invented listings in the shape of a cryptocurrency market's."""

from __future__ import annotations

import random

from .models import Record

_HEADS = ("Bit", "Block", "Chain", "Coin", "Dash", "Ether", "Flux", "Hash", "Lumen", "Nova", "Orb", "Zeta")
_TAILS = ("bolt", "cash", "dollar", "ledger", "link", "mint", "net", "pay", "stone", "swap", "vault", "wave")


def random_records(count: int, *, seed: int | None) -> tuple[Record, ...]:
    """`count` records with distinct symbols; the same `seed` and `count` give the same records."""
    chance = random.Random(seed)  # noqa: S311 - sample data, and it has to be repeatable
    return tuple(_record(chance, number) for number in range(count))


def _record(chance: random.Random, number: int) -> Record:
    head, tail = chance.choice(_HEADS), chance.choice(_TAILS)
    # Prices span fractions of a cent to five figures, so the exponent is uniform, not the price.
    price = round(10 ** chance.uniform(-4, 5), 6)
    return Record(name=f"{head}{tail}", symbol=f"{head[:2]}{tail[:2]}{number}".upper(), price=price)
