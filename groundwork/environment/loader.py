"""Reads environments/*.yaml into `Environment` values and reports every problem of a file at once."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from groundwork.environment.model import Environment
from groundwork.errors import EnvironmentFileError


def load(path: Path) -> Environment:
    """The environment that a file describes; raises EnvironmentFileError naming file, key, value and fix."""
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except YAMLError as error:
        raise EnvironmentFileError(f"{path.name}: not YAML: {error}") from error
    try:
        return Environment.model_validate({**document, "name": path.stem})
    except ValidationError as error:
        problems = "\n".join(
            f"{path.name}: {'.'.join(map(str, e['loc']))}: {e['msg']} (got {e['input']!r})" for e in error.errors()
        )
        raise EnvironmentFileError(problems) from error


def load_all(folder: Path) -> tuple[Environment, ...]:
    """Every environment of a folder, in the order in which changes travel: laptop first, then by name."""
    return tuple(load(path) for path in sorted(folder.glob("*.yaml")))
