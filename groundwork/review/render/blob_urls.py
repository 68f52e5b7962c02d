"""The addresses of lines: those of head's files at head's commit, those of base's at base's."""

from __future__ import annotations

from urllib.parse import quote

from groundwork.review.model import Line

_LONGEST = 200


class BlobUrls:
    """`head` is the address of head's files (`https://github.com/owner/repo/blob/COMMIT`), `base` is base's commit."""

    def __init__(self, head: str, *, base: str) -> None:
        self._head = head.rstrip("/")
        self._base = f"{self._head.rpartition('/')[0]}/{base}" if self._head and base.isalnum() else ""

    def of(self, line: Line) -> str:
        """The address of a line; empty where that of its side is unknown."""
        files = self._head if line.now is None else self._base
        return f"{files}/{quote(line.file[:_LONGEST])}#L{line.line}" if files else ""
