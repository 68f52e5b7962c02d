"""The lines that a change wrote and deleted, from git's patch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from groundwork.review.model import Line

_FILE = re.compile(r"(?:---|\+\+\+) (?:[ab]/(?P<path>[^\t]+)|/dev/null)\t?")
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True)
class Edit:
    """A line with its text: of head where the change wrote it, of base where the change deleted it.

    `replaced` is the line of head that was written in the place of a deleted one.
    """

    line: Line
    text: str
    replaced: Line | None = None

    @property
    def is_deleted(self) -> bool:
        """Whether it is a line of base."""
        return self.line.now is not None


def of_patch(patch: str) -> Iterator[Edit]:
    """The edits of a patch without context (`git diff -U0`); binary files, and files with odd names, have none."""
    old = new = ""
    lines = iter(patch.split("\n"))
    for text in lines:
        if text.startswith("diff --git "):
            old = new = ""
        elif named := _FILE.fullmatch(text):
            path = named["path"] or ""
            old, new = (path, new) if text[0] == "-" else (old, path)
        elif hunk := _HUNK.match(text):
            yield from _hunk(lines, hunk, old, new)


def _hunk(lines: Iterator[str], hunk: re.Match[str], old: str, new: str) -> Iterator[Edit]:
    deleted, written = (int(hunk[group] or 1) for group in (2, 4))
    before, after = int(hunk[1]), int(hunk[3])
    for number in range(deleted):
        text = next(lines, "")
        if old:
            instead = after + min(number, written - 1) if written else max(1, after)
            replaced = Line(file=new, line=instead) if new and written else None
            now = instead if old == new else 0
            yield Edit(Line(file=old, line=before + number, now=now), text[1:], replaced)
    for number in range(written):
        text = next(lines, "")
        if text.startswith("\\"):  # base's file has no newline at its end
            text = next(lines, "")
        if new:
            yield Edit(Line(file=new, line=after + number), text[1:])
