"""What keeps data apart from the cluster: databases that AWS runs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stacks.values.types import LogDays, Section


class Postgres(Section):
    """A Postgres of RDS. Its administrator's password is made, kept and rotated by RDS, and nobody writes it down."""

    version: Literal["16", "17", "18"] = "17"
    """Major version; RDS takes care of the minor ones in the maintenance window."""
    instance_class: Annotated[str, Field(pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$")] = "db.m7g.large"
    multi_az: bool = True
    """A copy in another zone, which takes over where the first one fails."""
    storage_gib: Annotated[int, Field(ge=20, le=65536)] = 50
    max_storage_gib: Annotated[int, Field(ge=20, le=65536)] = 200
    """RDS adds storage up to this size by itself."""
    backup_days: Annotated[int, Field(ge=1, le=35)] = 14
    """Days back to which the database can be restored, to any second but the last five minutes."""
    slow_query_ms: Annotated[int, Field(ge=0)] = 1000
    """Statements that take longer are logged."""
    log_days: LogDays = 365
    """Days that the database's logs are kept."""

    @model_validator(mode="after")
    def _room_to_grow(self) -> Postgres:
        # RDS API reference, CreateDBInstance, MaxAllocatedStorage: at least 10 % above the allocated storage.
        if self.max_storage_gib < (least := -(-self.storage_gib * 11 // 10)):
            raise ValueError(
                f"max_storage_gib {self.max_storage_gib} is less than a tenth above storage_gib {self.storage_gib}, "
                f"which RDS refuses; write at least {least}"
            )
        return self


class Backup(Section):
    """A vault of AWS Backup for daily copies of databases, besides RDS's own backups."""

    keep_days: Annotated[int, Field(ge=1, le=36500)] = 35
    """Days that a copy is kept; the vault's lock lets nobody delete one earlier or make one that ends earlier."""
    final_after_days: Annotated[int, Field(ge=3, le=36500)] | None = None
    """Days after which nobody can change or remove the lock, not even AWS. Empty: whoever has the right to can."""


class Data(Section):
    """The `data` stack, which an environment has where one of these is set or a service reads parameters."""

    postgres: Postgres | None = None
    """A Postgres of RDS."""
    backup: Backup | None = None
    """Daily copies in a locked vault."""

    @model_validator(mode="after")
    def _something_to_copy(self) -> Data:
        if self.backup and not self.postgres:
            raise ValueError("backup has nothing to copy; add postgres, or remove backup")
        return self
