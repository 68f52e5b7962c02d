"""Frees a state lock whose holder has died."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3

from groundwork.errors import UsageError
from groundwork.state.locks import HeldLock, held
from groundwork.terraform.terraform_run import TerraformRun


def free(
    session: boto3.Session, backend: Mapping[str, Any], lock_id: str, terraform: TerraformRun, *, endpoint: str | None
) -> HeldLock:
    """Take a lock away and return it. `terraform` runs in the stack's folder.

    Raises UsageError where the stack does not hold that lock: one that was freed and taken again has another id.
    """
    path = f"{backend['bucket']}/{backend['key']}"
    mine = [lock for lock in held(session, backend, endpoint=endpoint) if lock.path == path]
    wanted = next((lock for lock in mine if lock.id == lock_id), None)
    if wanted is None:
        now = f"the lock is {mine[0].id}, held by {mine[0].who}" if mine else "it is not locked"
        raise UsageError(f"{terraform.stack} holds no lock {lock_id}: {now}")
    terraform.init("-reconfigure")
    terraform.force_unlock(lock_id)
    return wanted
