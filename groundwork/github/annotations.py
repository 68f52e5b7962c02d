"""Annotations at lines of Python, as workflow commands on standard output.

Source: GitHub docs, "Workflow commands for GitHub Actions"; the escapes are those of @actions/core.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning", "notice"]
# GitHub shows ten of each level per step and drops the rest.
SHOWN = 10


@dataclass(frozen=True)
class Annotation:
    """A message at a line; `file` is relative to the checkout; both are empty where the line is unknown."""

    level: Level
    message: str
    title: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        properties = {"file": self.file, "line": str(self.line) if self.line else "", "title": self.title}
        shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
        return f"::{self.level}{' ' if shown else ''}{shown}::{_data(self.message)}"


def commands(annotations: Iterable[Annotation]) -> Iterator[str]:
    """The lines to print, worst first; the last line of a level counts those that GitHub would drop."""
    by_level: dict[Level, list[Annotation]] = {"error": [], "warning": [], "notice": []}
    for annotation in annotations:
        by_level[annotation.level].append(annotation)
    for level, group in by_level.items():
        shown = group if len(group) <= SHOWN else group[: SHOWN - 1]
        yield from map(str, shown)
        if len(group) > len(shown):
            yield str(Annotation(level, f"{len(group) - len(shown)} more are in the log and in the SARIF file"))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
