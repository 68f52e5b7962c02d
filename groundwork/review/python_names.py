"""The name of a resource in the Python that creates it, so that an advised line can be pasted."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from groundwork.review.snapshot import Resource

Source = Callable[[str], str | None]
"""Path relative to the checkout → the file's text at head, None if it does not exist."""


def name(resource: Resource, source: Source) -> str:
    """The variable or attribute that the creating line assigns to, otherwise the last part of the construct path."""
    if resource.origin:
        line = resource.origin[0]
        text = source(line.file)
        assigned = _assigned(text, line.line) if text else None
        if assigned:
            return assigned
    last = resource.path.rpartition("/")[2] or resource.type.partition("_")[2]
    identifier = re.sub(r"\W+", "_", last).strip("_").lower()
    return f"_{identifier}" if identifier[:1].isdigit() else identifier or "resource"


def _assigned(text: str, line: int) -> str | None:
    """The variable or attribute to which a line assigns the result of a call; None where it does not."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    if not around:
        return None
    innermost = min(around, key=lambda node: (node.end_lineno or node.lineno) - node.lineno)
    targets = innermost.targets if isinstance(innermost, ast.Assign) else [innermost.target]
    if not isinstance(innermost.value, ast.Call) or not isinstance(targets[0], (ast.Name, ast.Attribute)):
        return None
    return ast.unparse(targets[0])
