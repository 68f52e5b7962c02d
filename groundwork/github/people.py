"""People in GitHub's answers. An account that was deleted is null there (`nullable-simple-user` in GitHub's API)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def login_of(user: Mapping[str, Any] | None) -> str:
    """The login; empty for a deleted account, which counts neither as author of a comment nor as approver."""
    return str((user or {}).get("login") or "")
