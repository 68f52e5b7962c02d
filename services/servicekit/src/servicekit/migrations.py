"""Schema revisions (Alembic), run by one process at a time."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import sqlalchemy
import structlog
import tenacity
from alembic import command, op
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.pool import NullPool

from servicekit.database import Database

log = structlog.get_logger()
LONGEST_WAIT_SECONDS = 5.0


def run(script: str) -> None:
    """Within a revision: run SQL of several statements as it is written, percent signs included."""
    op.get_bind().connection.cursor().execute(script)


@dataclass(frozen=True)
class Migrations:
    """The revisions in a folder of a service."""

    name: str
    """Of the service: services that share a database server do not wait for each other."""
    folder: Path

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

    def upgrade_when_reachable(self, url: str, *, wait_seconds: float | None = None) -> None:
        """Upgrade as soon as the database answers; gives up after `wait_seconds`, or never."""
        stop = tenacity.stop_never if wait_seconds is None else tenacity.stop_after_delay(wait_seconds)
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(sqlalchemy.exc.OperationalError),
            wait=tenacity.wait_random_exponential(0.1, max=LONGEST_WAIT_SECONDS),
            stop=stop,
            before_sleep=lambda state: log.warning("migrations wait for the database", attempt=state.attempt_number),
            reraise=True,
        )
        attempts(self.upgrade, url)
        log.info("schema is up to date")

    async def problem(self, database: Database) -> str | None:
        """Why the schema does not fit this code, or None. A newer schema fits: it only adds to this one."""
        try:
            row = await database.row("SELECT version_num FROM alembic_version")
        except errors.UndefinedTable:
            row = None
        if row is None:
            return "the schema was never migrated"
        return f"the schema is at revision {row[0]}, which is too old" if row[0] in self._older else None
