"""Who may approve a deployment to the environment on GitHub."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from stacks.values.types import Section

MOST = 6  # GitHub docs, "Managing environments for deployment": users or teams that may review

TeamSlug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="a team's name as in its address")]
Login = Annotated[str, Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$", description="a GitHub login")]


class Reviewers(Section):
    """Teams and people, one of whom has to approve each apply; `gw github setup` makes it a rule of GitHub."""

    teams: tuple[TeamSlug, ...] = ()
    """Teams of the organisation that owns the repository."""
    users: tuple[Login, ...] = ()
    """Single people, by login."""

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        if len(self.teams) + len(self.users) > MOST:
            raise ValueError(f"GitHub allows {MOST} teams and users together; put people into a team")
        return self
