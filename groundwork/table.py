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
        shown = list(range(len(self.columns)))
        below: list[int] = []
        if console.is_terminal:
            while len(shown) > 1 and self._width(shown) > options.max_width:
                widest = max(shown, key=self._cell_width)
                shown.remove(widest)
                below = sorted([*below, widest])
        if self.title:
            yield Text(self.title, style="italic")
        yield self._line([Text(column, style="bold") for column in self.columns], shown)
        for row in self._rows:
            yield self._line(row, shown)
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

    def _cell_width(self, column: int) -> int:
        return max([len(self.columns[column]), *(row[column].cell_len for row in self._rows)])

    def _width(self, columns: Sequence[int]) -> int:
        return sum(map(self._cell_width, columns)) + len(_GAP) * (len(columns) - 1)

    def _line(self, cells: Sequence[Text], columns: Sequence[int]) -> Text:
        line = Text(no_wrap=True, overflow="ignore")
        for column in columns:
            cell, space = cells[column], self._cell_width(column) - cells[column].cell_len
            before, after = (space, 0) if self.columns[column] in self.right else (0, space)
            line.append(" " * before).append_text(cell).append(" " * after + _GAP)
        line.rstrip()
        return line
