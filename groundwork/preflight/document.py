"""A stack's Terraform read as Terraform reads it: with every way of writing a block, and no way to hide one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any


class Ambiguous(ValueError):
    """The JSON has a form that Terraform and Python could read differently."""


def read(path: Path) -> dict[str, Any]:
    """The document; raises Ambiguous where it is no object, or where an object names a key twice.

    Terraform takes a key that is there twice as two blocks; Python would silently keep the last one only.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique)
    except UnicodeDecodeError as wrong:
        raise Ambiguous("it is not UTF-8") from wrong
    except json.JSONDecodeError as wrong:
        raise Ambiguous(f"it is not JSON ({wrong})") from wrong
    if not isinstance(document, dict):
        raise Ambiguous("it is not one JSON object")
    return document


def blocks(value: object, labels: int) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every block below a keyword with its labels: ("aws_s3_bucket", "logs") for a resource.

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


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Ambiguous(f"the key {key!r} is there twice in one object")
        found[key] = value
    return found
