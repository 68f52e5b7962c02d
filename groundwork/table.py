"""Tables on the terminal whose cells never break inside a word, so that paths can be copied."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

_GAP = "  "


@dataclass
class Table:
    """Rows of text with Rich's markup. Prints plain aligned lines where the output is not a terminal.

    On a terminal that is too narrow, the widest columns move below their row, one indented line each.
    """

    columns: Sequence[str]
    title: str | None = None
    right: frozenset[str] = frozenset()
    """Columns that are aligned to the right, like numbers."""
    _rows: list[list[Text]] = field(default_factory=list)

    def add_row(self, *cells: str) -> None:
        """Add a row; cells that are left out are empty."""
        padded = [*cells, *[""] * (len(self.columns) - len(cells))]
        self._rows.append([Text.from_markup(cell) for cell in padded])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines, for Rich to print."""
        header = [Text(column, style="bold") for column in self.columns]
        widths = [max(cell.cell_len for cell in column) for column in zip(header, *self._rows, strict=True)]
        shown = list(range(len(self.columns)))
        if console.is_terminal:
            while len(shown) > 1 and _width(widths, shown) > options.max_width:
                shown.remove(max(shown, key=widths.__getitem__))
        below = [column for column in range(len(self.columns)) if column not in shown]
        if self.title:
            yield Text(self.title, style="italic")
        yield self._line(header, shown, widths)
        for row in self._rows:
            yield self._line(row, shown, widths)
            yield from self._lines_below(row, below, options.max_width)

    def _lines_below(self, row: Sequence[Text], columns: Iterable[int], width: int) -> Iterable[Text]:
        for column in columns:
            if row[column].plain:
                label = f"{self.columns[column]}: " if self.columns[column] else ""
                yield from (
                    Text(line, no_wrap=True, overflow="ignore")
                    for line in textwrap.wrap(
                        f"{label}{row[column].plain}",
                        width,
                        initial_indent="    ",
                        subsequent_indent="      ",
                        break_long_words=False,
                        break_on_hyphens=False,
                    )
                )

    def _line(self, cells: Sequence[Text], columns: Sequence[int], widths: Sequence[int]) -> Text:
        line = Text(no_wrap=True, overflow="ignore")
        for column in columns:
            cell, space = cells[column], widths[column] - cells[column].cell_len
            before, after = (space, 0) if self.columns[column] in self.right else (0, space)
            line.append(" " * before).append_text(cell).append(" " * after + _GAP)
        line.rstrip()
        return line


def _width(widths: Sequence[int], columns: Sequence[int]) -> int:
    return sum(widths[column] for column in columns) + len(_GAP) * (len(columns) - 1)
