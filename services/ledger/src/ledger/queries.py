"""What the ledger asks Postgres: each function is a statement or two, and one round trip where nothing is repeated.

Answers are JSON text that Postgres made: balances have no upper limit, and nothing is parsed only to be printed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, LiteralString

import orjson
import psycopg
from psycopg.types.json import Json, Jsonb
from servicekit.database import Database
from servicekit.pages import decode_cursor, encode_cursor
from servicekit.problems import Problem

from ledger.models import Kind, Search
from ledger.search import Where

_BALANCE: LiteralString = "(SELECT coalesce(sum(amount), 0) FROM balances WHERE account_id = accounts.id)"
# Go's RFC 3339, as QLedger prints it: no zeros at the end of the fraction.
_TIME: LiteralString = """replace("timestamp"::text, ' ', 'T') || 'Z'"""
DOCUMENTS: dict[Kind, LiteralString] = {
    "accounts": "json_build_object('id', id, 'balance', {balance}, 'data', data)::text".replace("{balance}", _BALANCE),
    "transactions": f"json_build_object('id', id, 'timestamp', {_TIME}, 'data', data, 'lines', lines)::text",
}
# A transaction without lines: Go prints an empty list that was never made as null.
_STRICT_DOCUMENT = DOCUMENTS["transactions"].replace("lines)", "CASE WHEN json_array_length(lines) > 0 THEN lines END)")
# Where a search is about balances, all are added up at once instead of one after another.
_WITH_BALANCE: LiteralString = """(
    SELECT id, data, coalesce(amount, 0) AS balance
    FROM accounts LEFT JOIN (SELECT account_id, sum(amount) AS amount FROM balances GROUP BY account_id) AS sums
    ON account_id = id
) AS accounts"""


class Posted(Enum):
    """What became of a transaction."""

    NEW = "new"
    REPEATED = "repeated"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class Page:
    """A page of results as a JSON array, and where the next begins (None: this was the last)."""

    body: bytes
    next: str | None


async def create_account(database: Database, account: str, data: dict[str, Any]) -> bool:
    """False if the account exists."""
    query = "INSERT INTO accounts (id, data) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING TRUE"
    return await database.row(query, (account, Jsonb(data))) is not None


async def update_account(database: Database, account: str, data: dict[str, Any]) -> bool:
    """False if there is no such account."""
    return (
        await database.row("UPDATE accounts SET data = %s WHERE id = %s RETURNING TRUE", (Jsonb(data), account))
        is not None
    )


async def post(
    database: Database, transaction: str, moment: datetime, data: dict[str, Any], lines: list[dict[str, Any]]
) -> Posted:
    """Post a transaction. The database makes accounts, lines and balances of it."""
    insert = (
        'INSERT INTO transactions (id, "timestamp", data, lines) VALUES (%s, %s, %s, %s)'
        " ON CONFLICT DO NOTHING RETURNING TRUE"
    )
    async with database.connection() as connection:
        cursor = await connection.execute(insert, (transaction, moment, Jsonb(data), Json(lines)))
        if await cursor.fetchone() is not None:
            return Posted.NEW
        # The insert waited for the other to commit, and this statement sees what it wrote.
        row = await (
            await connection.execute("SELECT lines FROM transactions WHERE id = %s", (transaction,))
        ).fetchone()
    return Posted.REPEATED if row is not None and _sorted(row[0]) == _sorted(lines) else Posted.CONFLICT


def _sorted(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(lines, key=lambda line: (line["account"], line["delta"]))


async def update_transaction(database: Database, transaction: str, data: dict[str, Any]) -> bool:
    """False if there is no such transaction. Only its data can change."""
    query = "UPDATE transactions SET data = %s WHERE id = %s RETURNING TRUE"
    return await database.row(query, (Jsonb(data), transaction)) is not None


async def read(database: Database, kind: Kind, id_: str) -> str | None:
    """An account or a transaction as JSON, None if it does not exist."""
    row = await database.row(f"SELECT {DOCUMENTS[kind]} FROM {kind} WHERE id = %s", (id_,))
    return None if row is None else str(row[0])


async def balance(database: Database, account: str, on: datetime | None) -> int | None:
    """The balance with lines up to `on` (inclusive), or with all; None if there is no such account."""
    amount = "SELECT sum(amount) FROM balances WHERE account_id = id"
    if on is not None:
        amount = 'SELECT sum(delta) FROM lines WHERE account_id = id AND "timestamp" <= %s'
    query: LiteralString = f"SELECT coalesce(({amount}), 0) FROM accounts WHERE id = %s"
    row = await database.row(query, (account,) if on is None else (on, account))
    return None if row is None else int(row[0])


async def search(database: Database, kind: Kind, query: Search, *, limit: int | None) -> Page:
    """A page of at most `limit` results; None is QLedger's way: all of them, in no order if there is no condition.

    Raises Problem for a search that the language does not have.
    """
    strict = limit is None
    where = Where(kind, strict=strict)
    condition = where.condition(query.query)
    descending = kind == "transactions" and query.sort_time == "desc"
    key: LiteralString = '("timestamp", id)' if kind == "transactions" else "(id)"
    if query.after is not None and not strict:
        operator: LiteralString = "<" if descending else ">"
        placeholders: LiteralString = "(%s::timestamp, %s)" if kind == "transactions" else "(%s)"
        condition = f"{condition} AND {key} {operator} {placeholders}"
        where.parameters += decode_cursor(query.after, *([str, str] if kind == "transactions" else [str]))
    direction: LiteralString = " DESC" if descending else ""
    order: LiteralString = f'"timestamp"{direction}, id{direction}' if kind == "transactions" else "id"
    document, source = DOCUMENTS[kind], str(kind)
    if "balance" in condition:
        document, source = document.replace(_BALANCE, "balance"), _WITH_BALANCE
    if not strict:
        text = f"SELECT {document} FROM {source} WHERE {condition} ORDER BY {order} OFFSET %s LIMIT %s"
        where.parameters += [max(query.offset, 0), limit]
    else:
        text = f"SELECT {_STRICT_DOCUMENT if kind == 'transactions' else document} FROM {source}"
        if condition != "TRUE":
            text += f" WHERE {condition}" + (f" ORDER BY {order}" if kind == "transactions" else "")
            text += " OFFSET %s LIMIT %s"
            where.parameters += [max(query.offset, 0), query.size if query.size > 0 else None]
    with _wrong_value(strict=strict):
        rows = await database.rows(text, where.parameters)
    following = _encode(kind, rows[-1][0]) if limit is not None and len(rows) == limit else None
    return Page(f"[{','.join(row[0] for row in rows)}]".encode(), following)


@contextmanager
def _wrong_value(*, strict: bool) -> Iterator[None]:
    try:
        yield
    except psycopg.DataError as error:
        reason = (error.diag.message_primary or str(error)).splitlines()[0]
        raise Problem(500 if strict else 400, f"A value of the search does not fit: {reason}") from error


def _encode(kind: Kind, document: str) -> str:
    result = orjson.loads(document)
    position = [result["id"]] if kind == "accounts" else [result["timestamp"], result["id"]]
    return encode_cursor(*position)
