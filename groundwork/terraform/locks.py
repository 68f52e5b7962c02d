"""The state lock that stopped Terraform, read from its error."""

from __future__ import annotations

import re
from dataclasses import dataclass

from groundwork.errors import StateLocked

_NOT_ACQUIRED = "Error acquiring the state lock"
_HELD = re.compile(r"\b(PreconditionFailed|ConditionalCheckFailedException)\b")
"""S3's and DynamoDB's answer to whoever asks for a lock that is held."""
_FIELD = re.compile(r"^[│\s]*(ID|Path|Operation|Who|Created):\s*(\S.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class HeldLock:
    """One lock. `path` is bucket/key of the state, `created` the time in UTC as Terraform wrote it."""

    id: str
    path: str
    operation: str
    who: str
    created: str

    def error(self, stack: str) -> StateLocked:
        """The error that names the holder, and both ways to continue."""
        return StateLocked(
            f"{stack} is locked by {self.who or 'somebody'} since {self.created or 'an unknown time'} "
            f"({self.operation or 'unknown operation'}, lock {self.id})",
            fix=f"wait until they are done; if their run has died: gw unlock {stack} {self.id}",
        )


def freed_meanwhile(output: str) -> bool:
    """Whether a lock was held when Terraform asked for it, and gone when it asked by whom.

    Terraform waits only for a lock whose holder it can read (`LockWithContext` of its package statemgr), so it fails
    here even while it should wait. Nothing has happened yet: it may be started again.
    """
    return _NOT_ACQUIRED in output and bool(_HELD.search(output)) and read(output) is None


def read(output: str) -> HeldLock | None:
    """The lock that kept Terraform from starting; None where its output shows another error."""
    start = output.find(_NOT_ACQUIRED)
    if start < 0:
        return None
    fields = dict(reversed(_FIELD.findall(output[start:])))
    if "ID" not in fields:
        return None
    return HeldLock(
        id=fields["ID"],
        path=fields.get("Path", ""),
        operation=fields.get("Operation", ""),
        who=fields.get("Who", ""),
        created=fields.get("Created", ""),
    )
