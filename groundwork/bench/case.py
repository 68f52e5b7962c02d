"""What a case is: one file below `cases` that compares two ways to the same result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from groundwork.paths import Project


@dataclass(frozen=True)
class Side:
    """One way: its name in the table, the command, and what it adds to the environment.

    `out` is where it writes stacks, None where it writes none. `accepted` are exit codes that say that it did its work.
    """

    label: str
    command: Sequence[str]
    environ: Mapping[str, str]
    out: Path | None
    accepted: tuple[int, ...] = (0,)


class Case(Protocol):
    """A comparison. `pairs` is how often all sides are run in turn."""

    title: str
    pairs: int

    def sides(self, project: Project, work: Path) -> Sequence[Side]:
        """The slow way first, then quicker ones, the quickest last. Stacks that two sides write must come out equal."""
