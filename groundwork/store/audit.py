"""Decisions about plans: an object for each, written once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AwareDatetime, Field

from groundwork.errors import UsageError
from groundwork.plan.bundle import Frozen, Index, Stored

PREFIX = "audit"

Kind = Literal["planned", "approved", "auto-approved", "applied", "deployed", "refused", "recovered", "break-glass"]
"""`auto-approved` takes the place of an approval. `applied` is about stacks, `deployed` about an environment: every
stack of it is as the commit wants it."""
KINDS: tuple[Kind, ...] = get_args(Kind)

_SHORTEST_REASON = 10  # characters: "INC-123: x" is the least that can be followed up


class Decision(Frozen):
    """One decision about the plans of one environment.

    `who` is a GitHub login, a role's session or a name entered on the laptop. `run_id` is empty outside of a workflow.
    `codes` are the codes of refusals. `digests` is stack → digest of its bundle. `reason` is a person's text, for
    break-glass and recovery, and why nobody had to approve.
    """

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

    @classmethod
    def about(cls, index: Index, bundles: Sequence[Stored], *, kind: Kind, who: str, at: datetime, **more: Any) -> Self:
        """A decision about bundles of one index; `more` are further fields."""
        fields: dict[str, Any] = {
            "environment": index.environment,
            "commit": index.commit,
            "run_id": index.run_id,
            "run_attempt": index.run_attempt,
            "stacks": tuple(stored.stack for stored in bundles),
            "digests": {stored.stack: stored.digest for stored in bundles},
        }
        return cls(kind=kind, who=who, at=at, **(fields | more))


def key_of(decision: Decision) -> str:
    """A new key below the decision's kind, so that a role can be limited to a kind; keys of a kind sort by time."""
    return f"{PREFIX}/{decision.kind}/{timestamp(decision.at)}-{uuid.uuid4().hex}.json"


def require_reason(reason: str, *, example: str) -> str:
    """The reason without spaces around it; raises UsageError with the `example` where it is too short."""
    reason = reason.strip()
    if len(reason) < _SHORTEST_REASON or " " not in reason:
        raise UsageError(f"{reason!r} is too short for a reason", fix=f"for example: {example}")
    return reason


def timestamp(at: datetime) -> str:
    """UTC to the microsecond, in a form that sorts and fits into a key."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
