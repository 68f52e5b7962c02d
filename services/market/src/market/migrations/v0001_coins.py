"""Coins by CoinMarketCap's id, since symbols are not unique; answers by Idempotency-Key."""

from __future__ import annotations

from servicekit import migrations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create both tables."""
    migrations.run("""
        CREATE TABLE crypto_data (
            id bigint PRIMARY KEY,
            name text NOT NULL,
            symbol text NOT NULL,
            price numeric,
            updated_at timestamptz NOT NULL
        );
        CREATE TABLE populations (
            idempotency_key text PRIMARY KEY,
            inserted integer NOT NULL,
            updated integer NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX populations_created_at ON populations (created_at);
    """)
