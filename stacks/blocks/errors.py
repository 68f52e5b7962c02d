"""What a building block raises when its arguments contradict each other."""

from __future__ import annotations


class IllegalComposition(ValueError):
    """Arguments that must not occur together: which key, why it cannot work, and what to write instead."""

    def __init__(self, key: str, why: str, fix: str) -> None:
        super().__init__(f"{key}: {why}\n  fix: {fix}")
        self.key = key
        self.why = why
        self.fix = fix
