"""Splits Markdown into several comments of limited length; each is complete Markdown and announces the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from groundwork.review.render.escaping import fence, one_line

MARKER = "<!-- groundwork-review -->"
SHORTEST_LIMIT = 20_000
"""With a lower limit, a heading and the longest line of code might not fit."""
RESERVED = 500
"""Characters of a part for the marker, the fingerprint, and the sentence that announces the next part."""
_LONGEST_LINE = 1_000
_END = "\n\n</details>"


@dataclass(frozen=True)
class Item:
    """A heading with lines of code below it; lines that do not fit continue in the next part below `continuation`."""

    heading: str
    continuation: str = ""
    language: str = ""
    lines: tuple[str, ...] = ()

    @cached_property
    def _shown(self) -> tuple[str, ...]:
        return tuple(one_line(line, _LONGEST_LINE) for line in self.lines)

    @cached_property
    def _fence(self) -> str:
        return fence(self._shown)

    def piece(self, start: int, room: int) -> tuple[str, int] | None:
        """At most `room` characters of Markdown from line `start` on, and the next line; None where no line fits."""
        heading = self.heading if start == 0 else self.continuation
        if not self.lines:
            return (heading, 0) if len(heading) <= room else None
        size, end = len(heading) + 2 * len(self._fence) + len(self.language) + 4, start
        while end < len(self._shown) and size + len(self._shown[end]) + 1 <= room:
            size += len(self._shown[end]) + 1
            end += 1
        if end == start:
            return None
        code = "\n".join(self._shown[start:end])
        return f"{heading}\n\n{self._fence}{self.language}\n{code}\n{self._fence}", end


@dataclass(frozen=True)
class Section:
    """A collapsible section; `summary` is the HTML inside `<summary>`."""

    summary: str
    items: tuple[Item, ...]


class _Writer:
    """Fills parts one after another. `room`: the characters that still fit into the current part."""

    def __init__(self, first: str, limit: int) -> None:
        self._limit = limit - RESERVED - len(_END)
        self.parts = [first]
        self._open = ""

    @property
    def room(self) -> int:
        return self._limit - len(self.parts[-1]) - 2

    def begin(self, summary: str) -> None:
        self._open = summary
        opening = _opening(summary)
        # A section whose first item would not fit begins in the next part; `next_part` opens it there.
        if len(opening) + 2_000 > self.room:
            self.parts.append(opening)
        else:
            self.parts[-1] += f"\n\n{opening}"

    def add(self, text: str) -> None:
        self.parts[-1] += f"\n\n{text}"

    def next_part(self) -> None:
        self.parts[-1] += _END
        self.parts.append(_opening(f"{self._open} (continued)"))

    def end(self) -> None:
        self.parts[-1] += _END


def paginate(summary: str, sections: Sequence[Section], *, limit: int) -> list[str]:
    """The bodies of the comments: the whole summary, then the sections."""
    writer = _Writer(summary, limit)
    for section in sections:
        writer.begin(section.summary)
        for item in section.items:
            line, fresh = 0, False
            while True:
                piece = item.piece(line, writer.room)
                if piece is None:
                    assert not fresh, "an item does not fit into an empty part"  # noqa: S101 - else it never ends
                    writer.next_part()
                    fresh = True
                    continue
                fresh = False
                text, line = piece
                writer.add(text)
                if line >= len(item.lines):
                    break
        writer.end()
    return writer.parts


def framed(bodies: Sequence[str], fingerprint: str) -> list[str]:
    """The finished comments: marker and fingerprint before each body, and the part's number where there are several."""
    total = len(bodies)
    comments = []
    for number, body in enumerate(bodies, start=1):
        lines = [MARKER, f"<!-- groundwork-review fingerprint={fingerprint} part={number}/{total} -->"]
        if number > 1:
            lines.append(f"**Review, part {number} of {total}.** The summary is in part 1.\n")
        lines.append(body)
        if number < total:
            lines.append(f"\n_Continued in the next comment, part {number + 1} of {total}._")
        comments.append("\n".join(lines) + "\n")
    return comments


def _opening(summary: str) -> str:
    return f"<details><summary>{summary}</summary>"
