"""Output of commands: results on standard output, progress and errors on standard error, colours on terminals only."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.segment import Segment

from groundwork.errors import GroundworkError
from groundwork.table import Table
from groundwork.visible_text import visible


class _VisibleConsole(Console):
    """Prints what is given to it, without acting on control sequences in it: a branch's name may hold some."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Every piece of text; Rich adds its colours and movements of the cursor later, or marks them as control."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


out = _VisibleConsole(soft_wrap=True)
err = _VisibleConsole(stderr=True, soft_wrap=True)


def accept_every_character() -> None:
    """Let files and pipes get UTF-8 whatever the locale is, and a terminal a question mark for what it cannot show.

    Names, values and commit messages may hold any character; in the locale POSIX Python would refuse to print them.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")


def say(text: str = "") -> None:
    """Print a line of the result; markup is allowed."""
    out.print(text, highlight=False)


def note(text: str) -> None:
    """Print a line about progress, to standard error."""
    err.print(text, highlight=False)


def print_json(value: Any) -> None:
    """Print a value as JSON, for `--json`."""
    out.file.write(json.dumps(value, indent=2, default=str) + "\n")


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table in the style of all commands."""
    return Table(columns, title)


def show_error(error: GroundworkError) -> None:
    """Print an error with its fix, without a traceback."""
    err.print(f"[bold red]error[/] {escape(error.message)}", highlight=False)
    if error.fix:
        err.print(f"  [bold]fix[/] {escape(error.fix)}", highlight=False)


def escape(text: str) -> str:
    """Text with Rich's markup escaped."""
    return text.replace("[", r"\[")


@dataclass
class Bars:
    """A progress bar per task on a terminal; a plain line for each beginning and end elsewhere."""

    progress: Progress | None
    _tasks: dict[str, TaskID] = field(default_factory=dict)
    _began: dict[str, float] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)

    def begin(self, name: str, *, total: int | None, doing: str) -> None:
        """Show a task; `total` in steps, None where it is unknown."""
        self._began[name] = time.monotonic()
        if self.progress:
            self._tasks[name] = self.progress.add_task(escape(f"{name}: {doing}"), total=total)
        else:
            note(escape(f"{name}: {doing}") + (f" ({total} resources)" if total else ""))

    def advance(self, name: str, detail: str = "") -> None:
        """Report that a step is done."""
        if self.progress and name in self._tasks:
            self.progress.update(self._tasks[name], advance=1, detail=escape(detail))

    def end(self, name: str, how: str) -> None:
        """Report that a task is done with the result `how`. Only the first call for a task counts."""
        if name in self._ended:
            return
        self._ended.add(name)
        seconds = time.monotonic() - self._began.get(name, time.monotonic())
        if self.progress and name in self._tasks:
            task = self.progress.tasks[self.progress.task_ids.index(self._tasks[name])]
            total = task.total if task.total is not None else 1
            self.progress.update(
                self._tasks[name], description=escape(f"{name}: {how}"), total=total, completed=total, detail=""
            )
            self.progress.stop_task(self._tasks[name])
        else:
            note(escape(f"{name}: {how}") + (f" ({seconds:.1f} s)" if name in self._began else ""))


@contextmanager
def bars() -> Iterator[Bars]:
    """Progress bars for the length of a `with`; plain lines where standard error is not a terminal."""
    if not err.is_terminal:
        yield Bars(None)
        return
    columns = (
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[detail]}"),
    )

    class _WithDetail(Progress):
        def add_task(self, description: str, *args: Any, **fields: Any) -> TaskID:
            fields.setdefault("detail", "")
            return super().add_task(description, *args, **fields)

    with _WithDetail(*columns, console=err) as progress:
        yield Bars(progress)
