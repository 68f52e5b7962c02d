"""Schema revisions (Alembic), run by one process at a time."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Self

import sqlalchemy
from alembic import command, op
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.pool import NullPool


def run(script: str) -> None:
    """Within a revision: run SQL of several statements as it is written, percent signs included."""
    op.get_bind().connection.cursor().execute(script)


@dataclass(frozen=True)
class Migrations:
    """The revisions in a folder of a service."""

    name: str
    """Of the service: services that share a database server do not wait for each other."""
    folder: Path

    @classmethod
    def of(cls, package: str) -> Self:
        """The revisions in the folder `migrations` of a service's package, which has the service's name."""
        return cls(package, Path(str(files(package) / "migrations")))

    @cached_property
    def _config(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
        config.set_main_option("version_locations", str(self.folder))
        config.set_main_option("path_separator", "newline")
        return config

    @cached_property
    def _older(self) -> frozenset[str]:
        scripts = ScriptDirectory.from_config(self._config)
        head = scripts.get_current_head()
        return frozenset(script.revision for script in scripts.walk_revisions() if script.revision != head)

    def upgrade(self, url: str) -> None:
        """Bring the schema to the newest revision; a second process waits, then has nothing to do.

        Raises sqlalchemy.exc.OperationalError while the database cannot be reached.
        """
        parameters = {**conninfo_to_dict(url), "connect_timeout": 3}
        engine = sqlalchemy.create_engine("postgresql+psycopg://", connect_args=parameters, poolclass=NullPool)
        with engine.begin() as connection:
            # Ends with the transaction, even if this process is killed.
            key = zlib.crc32(f"migrations of {self.name}".encode())
            connection.execute(sqlalchemy.text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
            # A connection of its own per call: Alembic keeps it in the configuration.
            config = Config()
            config.file_config = self._config.file_config
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def problem(self, revision: str | None) -> str | None:
        """Why a schema at `revision` does not fit this code, or None. A newer one fits: it only adds to this one."""
        if revision is None:
            return "the schema was never migrated"
        return f"the schema is at revision {revision}, which is too old" if revision in self._older else None
