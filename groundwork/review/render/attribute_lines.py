"""One attribute as lines of a diff: documents inside a value are laid out, and only what differs is shown."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from groundwork.review.model import AttributeChange
from groundwork.review.render.escaping import one_line

CONTEXT = 3
"""Lines shown around what differs inside a document, as diff and git do."""
# difflib compares every line with every other one where all differ.
_MOST_COMPARED = 2_000
_LONGEST = 2_000

Sign = Literal["+", "-", " ", "!"]


@dataclass(frozen=True)
class DiffLine:
    """A line: `+` only after, `-` only before, a space for what both have, `!` for an explanation."""

    sign: Sign
    text: str


def attribute_lines(change: AttributeChange, *, replaces: bool = False) -> list[DiffLine]:
    """The lines of an attribute. `replaces`: adds a line that the change makes Terraform replace the resource."""
    path = one_line(change.path)
    if change.before == change.after:
        # Both sides read alike only because what differs was hidden.
        lines = [DiffLine("!", f"{path} changes; what changes is sensitive and not shown")]
    else:
        lines = list(_lines(path, _laid_out(change.before), _laid_out(change.after)))
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
    at = 0
    for group in difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(CONTEXT):
        if group[0][1] > at:
            yield DiffLine(" ", "  …")
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (DiffLine(" ", f"  {line}") for line in before[i1:i2])
            else:
                yield from (DiffLine("-", f"  {line}") for line in before[i1:i2])
                yield from (DiffLine("+", f"  {line}") for line in after[j1:j2])
        at = group[-1][2]
    if at < len(before):
        yield DiffLine(" ", "  …")


def _laid_out(value: str | None) -> list[str]:
    """A value as lines: documents with two spaces per level, also those that are kept as text (policies)."""
    if value is None:
        return []
    known = _parsed(value)
    if isinstance(known, str) and known.lstrip()[:1] in {"{", "["}:
        known = _parsed(known)
    if isinstance(known, dict | list) and known:
        value = json.dumps(known, indent=2, ensure_ascii=False)
    elif isinstance(known, str) and "\n" in known:
        value = known
    return [one_line(line, _LONGEST) for line in value.split("\n")]


def _parsed(text: str) -> object:
    """The parsed JSON, or None where the text is not JSON, such as (sensitive)."""
    try:
        return json.loads(text)
    except ValueError:
        return None
