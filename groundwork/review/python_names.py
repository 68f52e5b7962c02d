"""What a resource is called in the Python that creates it, so that an advised line can be typed as it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from groundwork.review.snapshot import Resource

Source = Callable[[str], str | None]
"""Path relative to the checkout → the file's text at head, None if it does not exist."""


def name(resource: Resource, source: Source) -> str:
    """The variable or attribute that the creating line assigns to; else the last part of the construct path."""
    if resource.origin:
        line = resource.origin[0]
        text = source(line.file)
        assigned = _assigned(text, line.line) if text else None
        if assigned:
            return assigned
    last = resource.path.rpartition("/")[2] or resource.type.partition("_")[2]
    made = re.sub(r"\W+", "_", last).strip("_").lower()
    return f"_{made}" if made[:1].isdigit() else made or "resource"


def _assigned(text: str, line: int) -> str | None:
    """The target of the assignment of a call on a line; None where the call is not assigned as it is."""
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
