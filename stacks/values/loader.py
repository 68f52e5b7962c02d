"""Reads environments/*.yaml into `Environment` values and reports every problem of a file at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml.comments import CommentedMap

from groundwork import bounded_yaml
from groundwork.errors import EnvironmentFileError
from stacks.values.across import check_environments
from stacks.values.model import Environment
from stacks.values.problems import Problem, Source, problems

_TEMPLATE = re.compile(r"[$%]\{")


def load(path: Path) -> Environment:
    """The environment that a file describes; raises EnvironmentFileError with every problem of the file."""
    text = _text(path)
    document = _read(path, text)
    if "name" in document:
        line, value = document.lc.key("name")[0] + 1, repr(document["name"])
        raise _error([Problem(path.name, line, "name", value, "is the file's name", "remove the key")])
    try:
        return Environment.model_validate({**document, "name": path.stem})
    except ValidationError as error:
        raise _error(problems(Source(path.name, text, document), error, Environment)) from error


def load_all(folder: Path) -> tuple[Environment, ...]:
    """Every environment of a folder, by name; raises EnvironmentFileError with every problem of every file."""
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise EnvironmentFileError(f"{folder}: no environment file (*.yaml)", fix="run `gw init`")
    environments, messages = [], []
    for path in paths:
        try:
            environments.append(load(path))
        except EnvironmentFileError as error:
            messages.append(error.message)
    if messages:
        raise EnvironmentFileError("\n".join(messages))
    check_environments(environments)
    return tuple(environments)


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(bounded_yaml.MOST_BYTES + 1)  # what is larger is refused without reading it all
    except FileNotFoundError as error:
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml"))) or "none"
        raise EnvironmentFileError(f"{path.name}: no such environment (known: {known})", fix="run `gw init`") from error
    except UnicodeDecodeError as error:
        raise _error([Problem(path.name, 1, "", "", f"is not YAML: {error}", "save it as UTF-8")]) from error


def _read(path: Path, text: str) -> CommentedMap:
    try:
        document = bounded_yaml.load(text, kind="rt")
    except bounded_yaml.BadYaml as error:
        raise _error([Problem(path.name, error.line, "", "", error.problem, error.fix)]) from error
    if not isinstance(document, CommentedMap):
        raise _error([Problem(path.name, 1, "", "", "has no keys", "begin with `organisation: …`")])
    if expressions := list(_expressions(path.name, document, ())):
        raise _error(expressions)
    return document


def _expressions(file: str, node: object, above: tuple[str, ...], line: int = 1) -> Iterator[Problem]:
    """Values and keys that Terraform would evaluate: `${…}` and `%{…}` are its template syntax, in JSON as well."""
    if isinstance(node, str):
        if match := _TEMPLATE.search(node):
            what = f"contains {match[0]}, which Terraform would evaluate"
            yield Problem(file, line, ".".join(above), repr(node), what, "write the value itself")
    elif isinstance(node, CommentedMap):
        for key, item in node.items():
            at = node.lc.data[key][0] + 1 if key in (node.lc.data or {}) else line
            yield from _expressions(file, str(key), (*above, "a key"), at)
            yield from _expressions(file, item, (*above, str(key)), at)
    elif isinstance(node, list):
        for number, item in enumerate(node):
            yield from _expressions(file, item, (*above, str(number)), line)


def _error(problems: Sequence[Problem]) -> EnvironmentFileError:
    return EnvironmentFileError("\n".join(map(str, problems)))
