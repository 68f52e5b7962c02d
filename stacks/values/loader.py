"""Reads environments/*.yaml into `Environment` values and reports every problem of a file at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from groundwork.errors import EnvironmentFileError
from stacks.values.across import check_environments
from stacks.values.model import Environment
from stacks.values.problems import Problem, Source, problems


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
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml"))) or "none"
        raise EnvironmentFileError(f"{path.name}: no such environment (known: {known})", fix="run `gw init`") from error
    except UnicodeDecodeError as error:
        raise _error([Problem(path.name, 1, "", "", f"is not YAML: {error}", "save it as UTF-8")]) from error


def _read(path: Path, text: str) -> CommentedMap:
    # The round-trip loader keeps line numbers and refuses repeated keys.
    try:
        document = YAML(typ="rt", pure=True).load(text)
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        line = mark.line + 1 if mark else 1
        what = getattr(error, "problem", None) or str(error)
        raise _error([Problem(path.name, line, "", "", f"is not YAML: {what}", "correct that line")]) from error
    if not isinstance(document, CommentedMap):
        raise _error([Problem(path.name, 1, "", "", "has no keys", "begin with `organisation: …`")])
    return document


def _error(problems: Sequence[Problem]) -> EnvironmentFileError:
    return EnvironmentFileError("\n".join(map(str, problems)))
