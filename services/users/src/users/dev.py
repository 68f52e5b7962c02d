"""What a developer's users have around them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack


def surroundings(stack: ExitStack, environ: Mapping[str, str]) -> dict[str, str]:
    """Everybody on this machine may write."""
    del stack, environ
    return {"USERS_OPEN": "true"}
