"""Users by email address, and three to begin with."""

from __future__ import annotations

from servicekit import migrations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the table, unless it is there: a database from before the revisions keeps its users."""
    migrations.run("""
        CREATE TABLE IF NOT EXISTS users (
            id serial PRIMARY KEY,
            name varchar(100) NOT NULL,
            email varchar(100) UNIQUE NOT NULL
        );
        INSERT INTO users (name, email) VALUES
            ('John Doe', 'john@example.com'),
            ('Jane Smith', 'jane@example.com'),
            ('Bob Wilson', 'bob@example.com')
        ON CONFLICT (email) DO NOTHING;
    """)
