"""What a case is: one file below `cases` that compares two ways to the same result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from groundwork.paths import Project


@dataclass(frozen=True)
class Side:
    """One way: its name in the table, the command, what it adds to the environment, and where it writes stacks."""

    label: str
    command: Sequence[str]
    environ: Mapping[str, str]
    out: Path


class Case(Protocol):
    """A comparison. `pairs` is how often the two sides are run in turn."""

    title: str
    pairs: int

    def sides(self, project: Project, work: Path) -> tuple[Side, Side]:
        """The slow way and the quick way; both write below `work`. Stacks that both make must come out equal."""
