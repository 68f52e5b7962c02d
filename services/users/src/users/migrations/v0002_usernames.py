"""Users get a username, which is null for earlier ones."""

from __future__ import annotations

from servicekit import migrations

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column."""
    migrations.run("ALTER TABLE users ADD COLUMN username varchar(100) UNIQUE")
