"""Reads a stack's JSON as Terraform does: in every form that a block can have, and without a way to hide one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any


class Ambiguous(ValueError):
    """The JSON has a form that Terraform and Python could read differently."""


def read(path: Path) -> dict[str, Any]:
    """The document; raises Ambiguous where it is not an object, or where an object has a key twice.

    Terraform takes a repeated key as two blocks; Python would silently keep the last of them.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique)
    except UnicodeDecodeError as error:
        raise Ambiguous("it is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise Ambiguous(f"it is not JSON ({error})") from error
    if not isinstance(document, dict):
        raise Ambiguous("it is not a JSON object")
    return document


def blocks(value: object, labels: int) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every block below a keyword with its labels, for example ("aws_s3_bucket", "logs") for a resource.

    At each level Terraform takes an object or a list of objects. Raises Ambiguous for anything else.
    """
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict):
            raise Ambiguous(f"a block is written as {json.dumps(item)[:60]}")
        if labels == 0:
            yield (), item
            continue
        for label, below in item.items():
            if label == "//":
                continue
            for more, body in blocks(below, labels - 1):
                yield (label, *more), body


def strings(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string in a value, keys included (Terraform evaluates both), with the path to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, below in value.items():
            here = f"{path}.{key}" if path else str(key)
            yield here, str(key)
            yield from strings(below, here)
    elif isinstance(value, Sequence):
        for number, below in enumerate(value):
            yield from strings(below, f"{path}[{number}]")


def entries(value: object) -> Iterator[tuple[str, object]]:
    """Every key in a value, at any depth, with what it is set to."""
    if isinstance(value, Mapping):
        yield from value.items()
    for below in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from entries(below)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for key, value in pairs:
        if key in document:
            raise Ambiguous(f"an object has the key {key!r} twice")
        document[key] = value
    return document
