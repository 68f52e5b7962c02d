"""Reads YAML that people write, within bounds: no file takes more than a second, or all memory, to be refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

MOST_BYTES = 32 * 1024
"""The pure parser reads about 50 kB a second; the files of this repository have 1 to 20 kB."""
_DEEPEST = 32
_MOST_DIGITS = 64
_MOST_NODES = 20_000
_DIGITS = re.compile(rf"(?<![\w.'\"])[-+]?[\d_]{{{_MOST_DIGITS + 1},}}")
_NESTED_ITEMS = re.compile(rf"^\s*(?:[-?:]\s+){{{_DEEPEST + 1},}}")


class BadYaml(ValueError):
    """A text that is not YAML, or beyond the bounds: `line` counts from 1, `problem` is a clause, `fix` a command."""

    def __init__(self, line: int, problem: str, fix: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line, self.problem, self.fix = line, problem, fix


def load(
    text: str,
    *,
    kind: Literal["rt", "safe"] = "safe",
    version: tuple[int, int] | None = None,
    most_bytes: int = MOST_BYTES,
) -> Any:
    """The document; `rt` keeps the lines and refuses repeated keys. `version` is YAML's, 1.2 by default.

    Raises BadYaml.
    """
    _check_text(text, most_bytes)
    parser = YAML(typ=kind, pure=True)
    if version:
        parser.version = version
    try:
        document = parser.load(text)
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        what = getattr(error, "problem", None) or str(error)
        raise BadYaml(mark.line + 1 if mark else 1, f"is not YAML: {what}", "correct that line") from error
    except (ValueError, RecursionError) as error:
        raise BadYaml(1, f"is not YAML: {error}", "write simple values") from error
    if _nodes(document, {}, set()) > _MOST_NODES:
        raise BadYaml(1, f"has more than {_MOST_NODES} values once its aliases are followed", "write them out")
    return document


def _check_text(text: str, most_bytes: int) -> None:
    """What would take the parser too long, seen without parsing."""
    if len(text) > most_bytes or len(text.encode(errors="surrogatepass")) > most_bytes:
        raise BadYaml(1, f"is larger than {most_bytes // 1024} KiB", "keep to values; larger content is a file beside")
    depth, indents = 0, [0]
    for number, line in enumerate(text.splitlines(), 1):
        for character in line:
            depth = max(depth + (character in "[{") - (character in "]}"), 0)
            if depth > _DEEPEST:
                raise _too_deep(number)
        indent = len(line) - len(line.lstrip(" "))
        if line.strip():
            while indents[-1] > indent:
                indents.pop()
            if indent > indents[-1]:
                indents.append(indent)
        if len(indents) > _DEEPEST or _NESTED_ITEMS.match(line):
            raise _too_deep(number)
        if _DIGITS.search(line):
            raise BadYaml(
                number, f"has a number with more than {_MOST_DIGITS} digits", "put it in quotes, or shorten it"
            )


def _too_deep(line: int) -> BadYaml:
    return BadYaml(line, f"is nested more than {_DEEPEST} levels deep", "flatten it")


def _nodes(value: Any, counted: dict[int, int], open_: set[int]) -> int:
    """How many values a document has when every alias is followed; each object is visited once."""
    if isinstance(value, str) or not isinstance(value, Mapping | Sequence):
        return 1
    if id(value) in open_:
        raise BadYaml(1, "contains itself by an alias", "write the value out")
    if id(value) not in counted:
        open_.add(id(value))
        items = value.values() if isinstance(value, Mapping) else value
        counted[id(value)] = 1 + sum(_nodes(item, counted, open_) for item in items)
        open_.remove(id(value))
    return counted[id(value)]
