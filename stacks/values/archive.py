"""The other account's bucket."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stacks.values.types import Section


class Archive(Section):
    """The `archive` stack."""

    prefix: Annotated[str, Field(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+)*/$")] = "records/"
    """The only prefix that the function may write to; ends with a slash."""
    organisation_id: Annotated[str, Field(pattern=r"^o-[a-z0-9]{10,32}$")] | None = None
    """Id of the AWS organization that the writer's account must belong to; empty: its account number suffices."""
    keep_days: Annotated[int, Field(ge=1, le=36500)] = 365
    """Days until an object is deleted."""
    lock_days: Annotated[int, Field(ge=1, le=36500)] | None = None
    """Days for which nobody can delete an object, not even who takes over both accounts (S3 Object Lock in compliance
    mode). Needs `protect: true`, and cannot be shortened or undone. Empty: the deploy role could delete objects."""
    infrequent_access_after_days: Annotated[int, Field(ge=30, le=36500)] | None = 90
    """Days until an object moves to the cheaper storage class."""
