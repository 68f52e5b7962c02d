"""What was applied last, per stack: the bundle, and its folder without the plan.

The destroy of a stack that was removed from the code is planned from that folder, which also tells drift from
undeployed code. The plan itself may hold secrets, so only the role that applies may read the bundle.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime

from groundwork.plan.bundle import Frozen, Stored
from groundwork.store.audit import timestamp

PREFIX = "applied"
DEPLOYED = "deployed"


class Applied(Frozen):
    """A bundle that was applied (`stored` names the copy that is kept), and the run that planned it."""

    format: Literal[1] = 1
    environment: str
    stored: Stored
    commit: str
    run_id: str
    run_attempt: int
    applied_at: AwareDatetime


def folder_of(stack: str) -> str:
    """Where the applied bundles of a stack lie."""
    return f"{PREFIX}/{stack}/"


def deployed_folder_of(stack: str) -> str:
    """Where the applied folders of a stack lie, without their plans."""
    return f"{DEPLOYED}/{stack}/"


def name_of(at: datetime) -> str:
    """A name that sorts by time: `.tar.gz` is the bundle, `.json` the record that is written after it."""
    return f"{timestamp(at)}-{uuid.uuid4().hex}"
