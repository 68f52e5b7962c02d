"""Where the Python writes the id of a construct, so that advice can say which line keeps it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from groundwork.review.model import Line

Source = Callable[[str], str | None]
"""Path relative to the checkout → the file's text at head, None if it does not exist."""


@dataclass(frozen=True)
class WrittenId:
    """The line that writes an id; `number` is the frame of the origin in whose call it is, `text` the line's text."""

    line: Line
    number: int
    text: str
    start: int
    end: int
    """Where the literal begins and ends, in bytes."""

    def with_id(self, id_: str) -> str:
        """The line with another id, without its indentation."""
        text = self.text.encode()
        quote = text[self.start : self.start + 1].decode()
        return (text[: self.start] + f"{quote}{id_}{quote}".encode() + text[self.end :]).decode().strip()


def written(id_: str, origin: Sequence[Line], source: Source) -> WrittenId | None:
    """The literal that gives a construct its id: in a call of its origin; None where the id is computed."""
    for number, frame in enumerate(origin):
        text = source(frame.file) if frame.file.endswith(".py") else None
        for literal in _literals(text or "", frame.line):
            # In paths, cdktf writes a slash as two dashes.
            if str(literal.value).replace("/", "--") == id_ and literal.end_lineno == literal.lineno:
                line = Line(file=frame.file, line=literal.lineno)
                row = (text or "").split("\n")[literal.lineno - 1]
                return WrittenId(line, number, row, literal.col_offset, literal.end_col_offset or 0)
    return None


def constructor(origin: Sequence[Line], source: Source) -> tuple[str, Line] | None:
    """The class in whose `__init__` the outermost call is that is inside of one, and the last line of that method."""
    for frame in reversed(origin):
        text = source(frame.file) if frame.file.endswith(".py") else None
        for class_ in (node for node in _nodes(text or "") if isinstance(node, ast.ClassDef)):
            for method in class_.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    end = method.end_lineno or method.lineno
                    if method.lineno <= frame.line <= end:
                        return class_.name, Line(file=frame.file, line=end)
    return None


def _literals(text: str, line: int) -> Iterator[ast.Constant]:
    """The strings in calls that begin at a line: first those at the place of an id."""
    calls = [node for node in _nodes(text) if isinstance(node, ast.Call) and node.lineno == line]
    likely = [
        argument
        for call in calls
        for argument in (*call.args[1:2], *(item.value for item in call.keywords if item.arg in {"id", "id_"}))
    ]
    for node in (*likely, *(inner for call in calls for inner in ast.walk(call))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node


def _nodes(text: str) -> Iterator[ast.AST]:
    try:
        return ast.walk(ast.parse(text))
    except (SyntaxError, ValueError):
        return iter(())
