"""What was applied last, per stack: the bundle for the role that applies, its folder without the plan for plan roles.

The destroy of a stack that was removed from the code is planned from that folder, and drift is distinguished from
undeployed code by it. The plan itself may hold secrets, so only the role that applies reads it.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from groundwork.plan.bundle import Stored
from groundwork.store.audit import timestamp

PREFIX = "applied"
DEPLOYED = "deployed"


class Applied(BaseModel):
    """A kept bundle (`stored` names the copy), and the run that planned it."""

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


def deployed_folder_of(stack: str) -> str:
    """Where the folders of a stack are kept that were applied, without their plans."""
    return f"{DEPLOYED}/{stack}/"


def name_of(at: datetime) -> str:
    """A name that sorts by time: `.tar.gz` is the bundle, `.json` the record that is written after it."""
    return f"{timestamp(at)}-{uuid.uuid4().hex}"
