"""What the market asks Postgres."""

from __future__ import annotations

from servicekit.database import Database

from market.models import Listing, Populated

KEY_LIFE = "24 hours"

_UPSERT = """
    INSERT INTO crypto_data AS coin (id, name, symbol, price, updated_at)
    SELECT DISTINCT ON (id) id, name, symbol, price, now()
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::numeric[]) AS listing (id, name, symbol, price)
    ORDER BY id
    ON CONFLICT (id) DO UPDATE
    SET name = excluded.name, symbol = excluded.symbol, price = excluded.price, updated_at = excluded.updated_at
    RETURNING xmax = 0
"""


async def population(database: Database, key: str) -> Populated | None:
    """What an earlier request with this Idempotency-Key did."""
    row = await database.row("SELECT inserted, updated FROM populations WHERE idempotency_key = %s", (key,))
    return None if row is None else Populated(inserted=row[0], updated=row[1])


async def populate(database: Database, listings: list[Listing], key: str | None) -> Populated | None:
    """Insert or update coins in one transaction; None when a concurrent request with the same key did so first."""
    columns = (
        [listing.id for listing in listings],
        [listing.name for listing in listings],
        [listing.symbol for listing in listings],
        [listing.quote.USD.price for listing in listings],
    )
    async with database.connection() as connection, connection.transaction():
        if key is not None:
            await connection.execute("DELETE FROM populations WHERE created_at < now() - %s::interval", (KEY_LIFE,))
            claim = "INSERT INTO populations VALUES (%s, 0, 0) ON CONFLICT DO NOTHING RETURNING 1"
            if await (await connection.execute(claim, (key,))).fetchone() is None:
                return None
        rows = await (await connection.execute(_UPSERT, columns)).fetchall()
        inserted = sum(is_new for (is_new,) in rows)
        populated = Populated(inserted=inserted, updated=len(rows) - inserted)
        await connection.execute(
            "UPDATE populations SET inserted = %s, updated = %s WHERE idempotency_key = %s",
            (populated.inserted, populated.updated, key),
        )
    return populated


async def delete(database: Database) -> int:
    """Delete every coin; returns how many there were."""
    row = await database.row("WITH gone AS (DELETE FROM crypto_data RETURNING 1) SELECT count(*) FROM gone")
    return row[0] if row else 0


async def coins(database: Database, *, limit: int, after: int) -> list[str]:
    """Coins as JSON texts by id, beginning after the id `after`. Prices have every digit that was stored."""
    query = """
        SELECT json_build_object(
            'id', id, 'name', name, 'symbol', symbol, 'price', price, 'updated_at', updated_at
        )::text
        FROM crypto_data WHERE id > %s ORDER BY id LIMIT %s
    """
    return [document for (document,) in await database.rows(query, (after, limit))]
