"""Calls every route of a running API and says which answer is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import TypeAdapter, ValidationError

from transactions.models import Count, Transaction

_LIST = TypeAdapter(list[Transaction])
_COUNT = TypeAdapter(Count)
DAYS = 90


@dataclass(frozen=True)
class Checked:
    """A path, and what is wrong with its answer."""

    path: str
    problem: str | None


def _fits(test: Callable[[Transaction], bool], text: str) -> Callable[[list[Transaction]], str | None]:
    return lambda listed: None if all(map(test, listed)) else f"lists a transaction that is not {text}"


_ROUTES: tuple[tuple[str, TypeAdapter[Any], Callable[[Any], str | None]], ...] = (
    (f"/transactions/{DAYS}?limit=100", _LIST, _fits(lambda entry: entry.card_number.startswith("*"), "masked")),
    (f"/transactions/{DAYS}/card/Visa", _COUNT, lambda answer: None if answer.count >= 0 else "counts less than none"),
    (
        f"/transactions/{DAYS}/country/US?limit=100",
        _LIST,
        _fits(lambda entry: entry.country == "US", "of the country"),
    ),
    (
        f"/transactions/{DAYS}/amount/100.0/999.0?limit=100",
        _LIST,
        _fits(lambda entry: 100 <= entry.amount <= 999, "within the amounts"),
    ),
)


def check(client: httpx.Client) -> Iterator[Checked]:
    """The result of every route. Raises httpx.TransportError when the API cannot be reached."""
    for path, kind, problem in _ROUTES:
        answer = client.get(path)
        if answer.status_code != httpx.codes.OK:
            yield Checked(path, f"status {answer.status_code}: {answer.text[:200]}")
            continue
        try:
            yield Checked(path, problem(kind.validate_json(answer.content)))
        except ValidationError as error:
            yield Checked(path, f"another form than documented: {error.errors()[0]['msg']}")
