"""Annotations at lines of Python, by workflow commands on standard output.

Source: GitHub docs, "Workflow commands for GitHub Actions"; the escapes are those of @actions/core.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning", "notice"]
# GitHub shows ten of each level per step and drops the rest unseen.
SHOWN = 10


@dataclass(frozen=True)
class Annotation:
    """One remark; `file` is relative to the checkout, both it and `line` are empty where nothing is known."""

    level: Level
    message: str
    title: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        properties = {"file": self.file, "line": str(self.line) if self.line else "", "title": self.title}
        said = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
        return f"::{self.level}{' ' if said else ''}{said}::{_data(self.message)}"


def commands(annotations: Iterable[Annotation]) -> Iterator[str]:
    """The lines to print, worst first; what GitHub would drop becomes one line that says how many there are."""
    left: dict[Level, list[Annotation]] = {"error": [], "warning": [], "notice": []}
    for one in annotations:
        left[one.level].append(one)
    for level, found in left.items():
        shown = found if len(found) <= SHOWN else found[: SHOWN - 1]
        yield from map(str, shown)
        if len(found) > len(shown):
            yield str(Annotation(level, f"{len(found) - len(shown)} more are in the log and in the SARIF file"))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
