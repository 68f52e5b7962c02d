"""One attribute as lines of a diff: documents inside a value are indented, and only differing lines are shown."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from groundwork.review.model import AttributeChange
from groundwork.review.render.escaping import one_line

CONTEXT = 3
"""Unchanged lines shown around a difference inside a document, as in diff and git."""
# Where all lines differ, difflib compares each line with each other one.
_MOST_COMPARED = 2_000
_LONGEST = 2_000

Sign = Literal["+", "-", " ", "!"]


@dataclass(frozen=True)
class DiffLine:
    """A line: `+` is only after, `-` only before, a space is in both, `!` is an explanation."""

    sign: Sign
    text: str


def attribute_lines(change: AttributeChange, *, replaces: bool = False) -> list[DiffLine]:
    """The lines of an attribute. `replaces` adds a line: the change makes Terraform replace the resource."""
    path = one_line(change.path)
    if change.before is change.after is None:
        lines = [DiffLine("!", path)]
    elif change.before == change.after:
        # Both sides look equal because the difference is hidden.
        lines = [DiffLine("!", f"{path} changes; what changes is sensitive and not shown")]
    else:
        lines = list(_lines(path, _value_lines(change.before), _value_lines(change.after)))
    if replaces:
        lines.append(DiffLine("!", f"{path} cannot be changed in place: Terraform replaces the resource"))
    return lines


def _lines(path: str, before: Sequence[str], after: Sequence[str]) -> Iterator[DiffLine]:
    if len(before) < 2 and len(after) < 2:
        yield from (DiffLine("-", f"{path} = {line}") for line in before)
        yield from (DiffLine("+", f"{path} = {line}") for line in after)
        return
    yield DiffLine(" " if before and after else "+" if after else "-", f"{path} =")
    if not before or not after or len(before) + len(after) > _MOST_COMPARED:
        yield from (DiffLine("-", f"  {line}") for line in before)
        yield from (DiffLine("+", f"  {line}") for line in after)
        return
    position = 0
    for group in difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(CONTEXT):
        if group[0][1] > position:
            yield DiffLine(" ", "  …")
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (DiffLine(" ", f"  {line}") for line in before[i1:i2])
            else:
                yield from (DiffLine("-", f"  {line}") for line in before[i1:i2])
                yield from (DiffLine("+", f"  {line}") for line in after[j1:j2])
        position = group[-1][2]
    if position < len(before):
        yield DiffLine(" ", "  …")


def _value_lines(value: str | None) -> list[str]:
    """A value as lines; JSON, also inside a string (a policy), is indented by two spaces per level."""
    if value is None:
        return []
    content = _parsed(value)
    if isinstance(content, str) and content.lstrip()[:1] in {"{", "["}:
        content = _parsed(content)
    if isinstance(content, dict | list) and content:
        value = json.dumps(content, indent=2, ensure_ascii=False)
    elif isinstance(content, str) and "\n" in content:
        value = content
    return [one_line(line, _LONGEST) for line in value.split("\n")]


def _parsed(text: str) -> object:
    """The parsed JSON, or None where the text is not JSON, such as (sensitive)."""
    try:
        return json.loads(text)
    except ValueError:
        return None
