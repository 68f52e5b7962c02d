"""The other account's bucket."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stacks.values.types import Section


class Archive(Section):
    """The `archive` stack."""

    prefix: Annotated[str, Field(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+)*/$")] = "records/"
    """The only place the function may write to; ends with a slash."""
    organisation_id: Annotated[str, Field(pattern=r"^o-[a-z0-9]{10,32}$")] | None = None
    """AWS Organizations' id that the writer's account has to be in as well; empty: its account number says enough."""
    keep_days: Annotated[int, Field(ge=1, le=36500)] = 365
    """Days until an object is deleted."""
    infrequent_access_after_days: Annotated[int, Field(ge=30, le=36500)] | None = 90
    """Days until an object moves to the cheaper storage class."""
