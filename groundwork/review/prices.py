"""What a resource costs in a month, by an offline table of list prices: `prices.toml` beside this file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from groundwork.review.snapshot import Resource
from groundwork.review.values import Value, as_list, value_at

FILE = Path(__file__).with_name("prices.toml")


class Kind(StrEnum):
    """What the table knows of a resource. FREE only configures something else, BY_USE costs what is done with it."""

    PRICED = "priced"
    BY_USE = "by use"
    FREE = "free"
    UNKNOWN = "not priced"


@dataclass(frozen=True)
class Price:
    """The price of one resource of a type. `month` is in the table's currency, `times` the attribute it is paid for.

    `plus` is paid for each of the blocks `plus_times`, beside it.
    """

    type: str
    what: str
    month: Decimal
    source: str
    date: str
    where: Mapping[str, list[str]]
    absent: tuple[str, ...]
    times: str
    plus: Decimal
    plus_times: str

    def fits(self, body: Mapping[str, Value]) -> bool:
        """Whether the price is that of a resource with this body."""
        return _matches(body, self.where) and not any(value_at(body, *key.split(".")) for key in self.absent)

    def of(self, body: Mapping[str, Value]) -> Decimal | None:
        """What a resource costs in a month; None where its number or size is not known before the apply."""
        if self.plus_times:
            return self.month + self.plus * len(as_list(value_at(body, *self.plus_times.split("."))))
        if not self.times:
            return self.month
        value = value_at(body, *self.times.split("."))
        if isinstance(value, list):
            return self.month * len(value)
        return self.month * Decimal(str(value)) if isinstance(value, int | float) else None


@dataclass(frozen=True)
class Prices:
    """The table. Its prices are of one region."""

    currency: str
    region: str
    by_type: Mapping[str, tuple[Price, ...]]
    free: re.Pattern[str]
    by_use: frozenset[str]
    where: Mapping[str, tuple[tuple[Kind, Mapping[str, list[str]]], ...]]

    def price(self, resource: Resource) -> Price | None:
        """The price that fits a resource."""
        return next((price for price in self.by_type.get(resource.type, ()) if price.fits(resource.body)), None)

    def kind(self, resource: Resource) -> Kind:
        """What the table knows of a resource."""
        price = self.price(resource)
        if price:
            return Kind.UNKNOWN if price.of(resource.body) is None else Kind.PRICED
        for kind, where in self.where.get(resource.type, ()):
            if _matches(resource.body, where):
                return kind
        if resource.type in self.by_use:
            return Kind.BY_USE
        return Kind.FREE if resource.is_data or self.free.fullmatch(resource.type) else Kind.UNKNOWN


@cache
def prices() -> Prices:
    """The committed table."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    by_type: dict[str, list[Price]] = {}
    for entry in table["price"]:
        by_type.setdefault(entry["type"], []).append(_price(entry, hours=table["hours_per_month"]))
    where: dict[str, list[tuple[Kind, Mapping[str, list[str]]]]] = {}
    for section, kind in (("by_use_where", Kind.BY_USE), ("free_where", Kind.FREE)):
        for entry in table[section]:
            where.setdefault(entry["type"], []).append((kind, entry["where"]))
    return Prices(
        currency=table["currency"],
        region=table["region"],
        by_type={type_: tuple(entries) for type_, entries in by_type.items()},
        free=re.compile("|".join(table["free"]["types"])),
        by_use=frozenset(table["by_use"]["types"]),
        where={type_: tuple(entries) for type_, entries in where.items()},
    )


def _price(entry: Mapping[str, Any], *, hours: int) -> Price:
    unit, amount = next(iter(entry["each"].items()))
    return Price(
        type=entry["type"],
        what=entry["what"],
        month=Decimal(str(amount)) * (hours if unit == "hour" else 1),
        source=entry["source"],
        date=entry["date"].isoformat(),
        where=entry.get("where", {}),
        absent=tuple(entry.get("absent", ())),
        times=entry.get("times", ""),
        plus=Decimal(str(entry.get("plus", {}).get("month", 0))),
        plus_times=entry.get("plus_times", ""),
    )


def _matches(body: Mapping[str, Value], where: Mapping[str, list[str]]) -> bool:
    """Whether every attribute is there and has only allowed values."""
    present = {path: as_list(value_at(body, *path.split("."))) for path in where}
    return all(values and set(map(str, values)) <= set(where[path]) for path, values in present.items())
