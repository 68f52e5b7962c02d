"""What a building block raises when its arguments contradict each other."""

from __future__ import annotations

from groundwork.errors import EnvironmentFileError


class IllegalComposition(EnvironmentFileError):
    """Values that must not occur together: which key, why it cannot work, and what to write instead."""

    def __init__(self, key: str, why: str, fix: str) -> None:
        super().__init__(f"{key}: {why}", fix=fix)
        self.key = key
        self.why = why
