"""What a function's folder says about itself in function.toml: entry point, limits, environment variables."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from groundwork.errors import PackagingError, UsageError

FILE_NAME = "function.toml"


class Variable(BaseModel):
    """An environment variable the function reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    required: bool
    description: str


class Function(BaseModel):
    """A Lambda function as its stack needs to know it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """Name of the folder, which is also the package inside the zip."""
    handler: Annotated[str, Field(pattern=r"^[a-z_][\w]*(\.[a-z_]\w*)+$")]
    timeout_seconds: Annotated[int, Field(ge=1, le=900)]
    memory_mb: Annotated[int, Field(ge=128, le=10240)]
    environment: dict[str, Variable] = {}

    def check_environment(self, names: Iterable[str]) -> None:
        """Raises UsageError when a stack sets variables the function does not read, or leaves out required ones."""
        configured = set(names)
        problems = [
            f"{name} is required: {self.environment[name].description}" for name in self._required() - configured
        ]
        problems += [f"{name} is not read by the function" for name in configured - set(self.environment)]
        if problems:
            raise UsageError(
                f"environment of the function {self.name}: {'; '.join(sorted(problems))}",
                fix=f"compare with lambda_src/{self.name}/{FILE_NAME}",
            )

    def _required(self) -> set[str]:
        return {name for name, variable in self.environment.items() if variable.required}


def load_function(folder: Path) -> Function:
    """Reads `folder`/function.toml. Raises PackagingError naming file, key and problem."""
    path = folder / FILE_NAME
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        function = Function.model_validate({"name": folder.name, **values})
    except FileNotFoundError as error:
        raise PackagingError(f"{path} does not exist", fix="every function's folder needs one") from error
    except tomllib.TOMLDecodeError as error:
        raise PackagingError(f"{path}: {error}", fix="correct the TOML") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise PackagingError(f"{path}: {problems}", fix="correct the keys named") from error
    if function.handler.split(".")[0] != folder.name:
        raise PackagingError(f"{path}: handler must start with {folder.name}.", fix="it is the package in the zip")
    return function
