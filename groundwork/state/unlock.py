"""Frees a state lock whose holder has died."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3

from groundwork.errors import UsageError
from groundwork.state.locks import held
from groundwork.terraform.locks import HeldLock
from groundwork.terraform.terraform import Terraform


def free(
    session: boto3.Session, backend: Mapping[str, Any], lock_id: str, terraform: Terraform, *, endpoint: str | None
) -> HeldLock:
    """Free a lock and return it. `terraform` runs in the stack's folder.

    Raises UsageError where the stack does not hold that lock: a lock that was freed and taken again has another id.
    """
    path = f"{backend['bucket']}/{backend['key']}"
    own = [lock for lock in held(session, backend, endpoint=endpoint) if lock.path == path]
    wanted = next((lock for lock in own if lock.id == lock_id), None)
    if wanted is None:
        now = f"the lock is {own[0].id}, held by {own[0].who}" if own else "it is not locked"
        raise UsageError(f"{terraform.stack} holds no lock {lock_id}: {now}")
    terraform.init("-reconfigure")
    terraform.force_unlock(lock_id)
    return wanted
