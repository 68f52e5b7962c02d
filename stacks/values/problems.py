"""Turns pydantic's errors about a file into sentences that name line, key, value and fix."""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from stacks.values.types import Section

_SHOWN = 60  # characters of a value in a message
Location = tuple[int | str, ...]


@dataclass(frozen=True)
class Problem:
    """A problem of a file; `line` counts from 1, `key` is dotted, `value` as it was read."""

    file: str
    line: int
    key: str
    value: str
    what: str
    fix: str

    def __str__(self) -> str:
        got = f" (got {self.value})" if self.value else ""
        return f"{self.file}:{self.line}: {self.key or 'file'}: {self.what}{got}\n    fix: {self.fix}"


@dataclass(frozen=True)
class Source:
    """A file of values: its name, its text, and the document that was read from it."""

    file: str
    text: str
    document: CommentedMap


def problems(source: Source, error: ValidationError, model: type[Section]) -> list[Problem]:
    """Every problem of a file, ordered by line."""
    return sorted((_problem(source, detail, model) for detail in error.errors()), key=lambda p: (p.line, p.key))


def _problem(source: Source, detail: ErrorDetails, model: type[Section]) -> Problem:
    location = tuple(part for part in detail["loc"] if part != "[key]")
    missing = detail["type"] == "missing"
    # For a missing key pydantic reports the whole section around it, which does not help.
    shown = "" if missing or isinstance(detail["input"], Mapping) else repr(detail["input"])
    if detail["type"] == "string_type" and (kind := _read_as(detail["input"])):
        shown = _written(source, location) or shown
        what, fix = f"must be text, but YAML reads it as {kind}", f'put it in quotes: {location[-1]}: "{shown}"'
    else:
        what, fix = _explain(detail, location, model)
    return Problem(
        file=source.file,
        line=_line(source.document, location[:-1] if missing else location),
        key=".".join(str(part) for part in location),
        value=shown[:_SHOWN] + ("…" if len(shown) > _SHOWN else ""),
        what=what,
        fix=fix,
    )


def _explain(detail: ErrorDetails, location: Location, model: type[Section]) -> tuple[str, str]:
    key = str(location[-1]) if location else ""
    match detail["type"]:
        case "extra_forbidden":
            known = sorted(_keys(model, location[:-1]))
            close = difflib.get_close_matches(key, known, n=1)
            fix = f"did you mean {close[0]!r}?" if close else "remove it."
            return "unknown key", f"{fix} Known keys: {', '.join(known)}"
        case "missing":
            return "is required, but missing", f"add {key!r}: {_describe(model, location)}"
        case "literal_error":
            return "is not one of the choices", f"use one of {detail.get('ctx', {}).get('expected', '')}"
        case "value_error":
            # The model's own validators name the problem and the fix in one sentence.
            sentence = str(detail.get("ctx", {}).get("error", detail["msg"]))
            what, _, fix = sentence.partition("; ")
            return what, fix or _describe(model, location)
        case _:
            return _lower(detail["msg"]), _describe(model, location)


def _read_as(value: object) -> str:
    """What YAML made of a text without quotes; empty for anything but a scalar."""
    match value:
        case bool():
            return "a truth value"
        case int() | float():
            return "a number"
        case date():
            return "a date"
    return ""


def _written(source: Source, location: Location) -> str:
    """A value without quotes as it stands in the file: 1.10 is not 1.1, and 0111 not 111."""
    node: Any = source.document
    try:
        for part in location[:-1]:
            node = node[part]
        place = node.lc.value(location[-1]) if isinstance(node, CommentedMap) else node.lc.item(location[-1])
    except (KeyError, IndexError, TypeError, AttributeError):  # merged in from elsewhere in the file
        return ""
    match = re.match(r"[^\s,\]}]+", source.text.splitlines()[place[0]][place[1] :])
    return match[0] if match else ""


def _describe(model: type[Section], location: Location) -> str:
    field = next(iter(_fields(model, location)), None)
    return " ".join((field or "see the schema in stacks/values/schema.json").split())


def _fields(model: type[Section], location: Location) -> Iterator[str]:
    owner = _section(model, location[:-1])
    if owner and location and (field := owner.model_fields.get(str(location[-1]))):
        if field.description:
            yield field.description
        for constraint in field.metadata:
            if pattern := getattr(constraint, "pattern", None):
                yield f"must match {pattern}"


def _keys(model: type[Section], location: Location) -> set[str]:
    owner = _section(model, location)
    return set(owner.model_fields) - {"name"} if owner else set()  # an environment's name is its file's


def _section(model: type[Section], location: Location) -> type[Section] | None:
    """The model of the section at a location, also inside of a dict or tuple."""
    current: Any = model
    for part in location:
        sections = list(_sections_in(current))
        if isinstance(current, type) and issubclass(current, Section):
            field = current.model_fields.get(str(part))
            if field is None:
                return None
            current = field.annotation
        elif not sections:
            return None
        # a dict's key or a tuple's index: the annotation already has the entry's model
    return next(_sections_in(current), None)


def _sections_in(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    elif get_origin(annotation) in {Union, types.UnionType, Annotated, dict, tuple, list}:
        for argument in get_args(annotation):
            yield from _sections_in(argument)


def _line(document: CommentedMap, location: Location) -> int:
    node: Any = document
    line = 1
    for part in location:
        try:
            line = (node.lc.key(part) if isinstance(node, CommentedMap) else node.lc.item(part))[0] + 1
            node = node[part]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
        if not isinstance(node, CommentedMap | CommentedSeq):
            break
    return int(line)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
