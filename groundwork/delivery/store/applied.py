"""The bundle of each stack that was applied last, kept so that a stack removed from the code can still be planned."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from groundwork.delivery.bundle.model import Stored
from groundwork.delivery.store.audit import timestamp

PREFIX = "applied"


class Applied(BaseModel):
    """What was applied: the bundle as kept (`stored` names the copy), and the run that planned it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    environment: str
    stored: Stored
    commit: str
    run_id: str
    run_attempt: int
    applied_at: AwareDatetime


def folder_of(stack: str) -> str:
    """Where the bundles of a stack are kept."""
    return f"{PREFIX}/{stack}/"


def key_of(stack: str, at: datetime) -> str:
    """A key without ending: `.tar.gz` is the bundle, `.json` the record that is written after it."""
    return f"{folder_of(stack)}{timestamp(at)}-{uuid.uuid4().hex}"
