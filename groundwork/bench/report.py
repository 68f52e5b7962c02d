"""The results, as a table for people and as JSON for comparisons over time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from groundwork.table import Table


@dataclass(frozen=True)
class Row:
    """A figure of two sides: medians of `samples` runs; `quantity` in `unit`."""

    title: str
    quantity: str
    unit: str
    before_label: str
    before: float
    after_label: str
    after: float
    samples: int

    @property
    def ratio(self) -> float:
        """How many times more the first side needs than the second."""
        return self.before / self.after


@dataclass(frozen=True)
class Report:
    """All rows, and the machine they were measured on."""

    rows: tuple[Row, ...]
    machine: Mapping[str, str | int | float]

    def table(self) -> Table:
        """The rows for a terminal."""
        machine = self.machine
        table = Table(
            ("what", "before", "after", "ratio"),
            f"How much faster, on this machine: medians · {machine['cpu']}, {machine['cores']} cores, "
            f"{machine['memory_gb']} GB · Python {machine['python']}, Node {machine['node']}",
            right=frozenset({"ratio"}),
        )
        for row in self.rows:
            table.add_row(
                f"{row.title}: {row.quantity}",
                f"{_figure(row.before)} {row.unit} ({row.before_label})",
                f"{_figure(row.after)} {row.unit} ({row.after_label})",
                f"{row.ratio:.1f}x",
            )
        return table

    def write(self, path: Path) -> None:
        """Write bench.json: every row with unit, both sides and ratio, and the machine."""
        rows = [{**asdict(row), "ratio": row.ratio} for row in self.rows]
        path.write_text(json.dumps({"machine": dict(self.machine), "rows": rows}, indent=2) + "\n", encoding="utf-8")


def _figure(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"
