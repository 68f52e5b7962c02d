"""Reads what cdktf and Terraform print: which resource began, which is done, how a stack ended."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# cdktf puts the name of the stack and two spaces before the first line of a message and indents the others.
_PREFIX = re.compile(r"^(?P<stack>[a-z][a-z0-9-]*)  (?P<text>.*)$")
_INDENTED = re.compile(r"^ {4,}|^$")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_STEP = re.compile(
    r"^(?P<address>[a-z0-9_]+\.[\w.\[\]\"-]+)(?: \([^)]*\))?: "
    r"(?P<verb>Creating|Modifying|Destroying|Creation complete|Modifications complete|Destruction complete|Still \w+)"
)
_COMPLETE = re.compile(r"^(?:Apply|Destroy) complete! Resources: (?P<counts>[^.]+)\.")
_TAIL = 40  # lines of a failed stack that an error shows
_WIDTH = 240  # characters of a quoted line: the synthesised file is a single one
_QUOTED = re.compile(r"^[│╷╵ ]*\d+: ")  # as Terraform quotes the source of an error; all other lines say the reason
_ERROR = re.compile(r"^[│╷╵ ]*Error: ")


_DONE = {"Creation complete", "Modifications complete", "Destruction complete"}
_BEGAN = {"Creating", "Modifying", "Destroying"}


@dataclass(frozen=True)
class Line:
    """A line without colours; `stack` is empty for cdktf's own messages."""

    stack: str
    text: str


@dataclass(frozen=True)
class Step:
    """A resource began to be changed, or is done."""

    address: str
    done: bool


@dataclass(frozen=True)
class Complete:
    """A stack is done; `counts` as Terraform prints them: `3 added, 0 changed, 0 destroyed`."""

    counts: str


def without_colours(raw: str) -> str:
    """A printed line as plain text, without the line break."""
    return _ANSI.sub("", raw.rstrip("\r\n"))


class Reader:
    """Parses printed lines in order: an indented line belongs to the stack of the line before."""

    def __init__(self) -> None:
        self._stack = ""

    def line(self, raw: str) -> Line:
        """The next line."""
        plain = without_colours(raw)
        if match := _PREFIX.match(plain):
            self._stack = match["stack"]
            return Line(self._stack, match["text"].rstrip())
        if not _INDENTED.match(plain):
            self._stack = ""
        indent = len(self._stack) + 2 if self._stack else 0
        return Line(self._stack, (plain[indent:] if not plain[:indent].strip() else plain.lstrip()).rstrip())


def step(text: str) -> Step | None:
    """The step that a line of an apply reports, if it does."""
    match = _STEP.match(text.strip())
    if not match or (match["verb"] not in _DONE and match["verb"] not in _BEGAN):
        return None
    return Step(match["address"], match["verb"] in _DONE)


def complete(text: str) -> Complete | None:
    """The end of an apply or destroy, where a line reports it."""
    match = _COMPLETE.match(text.strip())
    return Complete(match["counts"]) if match else None


@dataclass
class StackLog:
    """What one stack printed."""

    lines: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    @property
    def text(self) -> str:
        """All of it, without spaces at the ends of lines."""
        return "\n".join(line.rstrip() for line in self.lines)

    @property
    def failed(self) -> bool:
        """Whether Terraform reported an error."""
        return self._first_error is not None

    @property
    def errors(self) -> str:
        """What Terraform printed from its first error on, or the last lines where there is no error."""
        first = self._first_error
        lines = self.lines[-_TAIL:] if first is None else self.lines[first : first + _TAIL]
        return "\n".join(_shortened(line) for line in lines if line.strip())

    @property
    def _first_error(self) -> int | None:
        return next((number for number, line in enumerate(self.lines) if _ERROR.match(line)), None)


def _shortened(line: str) -> str:
    return line[: _WIDTH - 1] + "…" if len(line) > _WIDTH and _QUOTED.match(line) else line
