"""What was decided about plans: one object per decision, never written again."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated, Literal, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

PREFIX = "audit"

Kind = Literal["planned", "approved", "applied", "refused", "recovered", "break-glass"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Decision(BaseModel):
    """One decision about the plans of one environment.

    `who` is a GitHub login, a role's session or a name given on the laptop. `run_id` is empty outside of a workflow.
    `codes` are the refusals' codes. `digests` are the bundles' digests, stack by stack. `reason` is what a person
    wrote, for break-glass.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    kind: Kind
    environment: str
    who: Annotated[str, Field(min_length=1)]
    at: AwareDatetime
    commit: str
    run_id: str = ""
    run_attempt: int = 0
    stacks: tuple[str, ...]
    codes: tuple[str, ...] = ()
    digests: dict[str, str] = {}
    reason: str = ""


def key_of(decision: Decision) -> str:
    """A key of its own. Below its kind, so that a role can be let write one kind; keys of a kind sort by time."""
    return f"{PREFIX}/{decision.kind}/{timestamp(decision.at)}-{uuid.uuid4().hex}.json"


def timestamp(at: datetime) -> str:
    """UTC to the microsecond, in a form that sorts and fits into a key."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
