"""A case: a comparison of commands that have the same result, or an observation of a server that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from groundwork.bench.report import Row
from groundwork.paths import Project


@dataclass(frozen=True)
class Side:
    """A command with its name in the table, and what it adds to the environment.

    `out` is where it writes stacks, None where it writes none. `accepted` are the exit codes of success.
    """

    label: str
    command: Sequence[str]
    environ: Mapping[str, str]
    out: Path | None
    accepted: tuple[int, ...] = (0,)


class Case(Protocol):
    """A comparison. `pairs` is how often all sides run in turn."""

    title: str
    pairs: int

    def sides(self, project: Project, work: Path) -> Sequence[Side]:
        """The commands, slowest first, quickest last. Stacks that two sides write must be equal."""


@runtime_checkable
class Observation(Protocol):
    """A case that measures a running server instead of commands. `pairs` is how often it does so."""

    title: str
    pairs: int

    def rows(
        self, project: Project, environ: Mapping[str, str], pairs: int, on_step: Callable[[str], None]
    ) -> Sequence[Row]:
        """The figures; `on_step` gets what runs now. Raises MeasurementFailed."""
