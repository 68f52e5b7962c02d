"""Reads what cdktf and Terraform print: which resource began, which is done, what a plan would do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

# cdktf puts the name of the stack and two spaces before the first line of a message and indents the others.
_PREFIX = re.compile(r"^(?P<stack>[a-z][a-z0-9-]*)  (?P<text>.*)$")
_INDENTED = re.compile(r"^ {4,}|^$")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_STEP = re.compile(
    r"^(?P<address>[a-z0-9_]+\.[\w.\[\]\"-]+)(?: \([^)]*\))?: "
    r"(?P<verb>Creating|Modifying|Destroying|Creation complete|Modifications complete|Destruction complete|Still \w+)"
)
_PLAN = re.compile(r"^Plan: (?:(\d+) to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy")

_COMPLETE = re.compile(r"^(?:Apply|Destroy) complete! Resources: (?P<counts>[^.]+)\.")
_DONE = {"Creation complete", "Modifications complete", "Destruction complete"}
_BEGAN = {"Creating", "Modifying", "Destroying"}


@dataclass(frozen=True)
class Line:
    """A line without colours; `stack` is empty where cdktf speaks for itself."""

    stack: str
    text: str


@dataclass(frozen=True)
class Step:
    """A resource began to be changed, or is done."""

    address: str
    done: bool


@dataclass(frozen=True)
class Complete:
    """A stack is done; `counts` as Terraform says it: `3 added, 0 changed, 0 destroyed`."""

    counts: str


@dataclass(frozen=True)
class PlanCounts:
    """What `Plan: …` counts; a replacement counts once in `add` and once in `destroy`."""

    add: int
    change: int
    destroy: int
    imported: int = 0

    def __str__(self) -> str:
        return f"{self.add} to add, {self.change} to change, {self.destroy} to destroy"


def without_colours(raw: str) -> str:
    """A printed line as plain text, without its end."""
    return _ANSI.sub("", raw.rstrip("\r\n"))


class Reader:
    """Takes printed lines apart, one after another: an indented line belongs to the stack that spoke last."""

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


def plan_counts(text: str) -> PlanCounts | Literal["empty"] | None:
    """The counts of a plan, `empty` where Terraform says so, None for every other line."""
    text = text.strip()
    if match := _PLAN.match(text):
        imported, add, change, destroy = (int(group or 0) for group in match.groups())
        return PlanCounts(add, change, destroy, imported)
    return "empty" if text.startswith("No changes.") else None
