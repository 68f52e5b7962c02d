"""Who may call: a token that is compared in constant time, and a second while it is rotated."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from pydantic import SecretStr


class Tokens:
    """The tokens that are accepted: the current one, and until every client has it, the previous one."""

    def __init__(self, accepted: Sequence[SecretStr | None]) -> None:
        values = [token.get_secret_value().strip() for token in accepted if token is not None]
        if not any(values) or not all(values):
            raise ValueError("a token is empty; an empty token would let everybody in")
        self._digests = [_digest(value) for value in values]

    def accepts(self, presented: str | None, *, bearer: bool = True) -> bool:
        """Whether the value of an Authorization header is a token, bare or (with `bearer`) after "Bearer"."""
        token = (presented or "").strip()
        if bearer and token[:7].lower() == "bearer ":
            token = token[7:].strip()
        digest = _digest(token)
        # All are compared, whichever fits: the time tells nothing about which.
        matches = [hmac.compare_digest(digest, expected) for expected in self._digests]
        return any(matches)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
