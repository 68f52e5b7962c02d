"""Alembic's entry: runs the revisions on the connection that servicekit.migrations opened."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
