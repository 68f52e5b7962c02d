"""The zips that stacks hand to Lambda, built from lambda_src/ when a stack asks for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from groundwork.packaging import Function, Package, Target, build, load_function
from groundwork.paths import Project

PackageSource = Callable[[str, Target], Package]
"""Function's folder name and target → its zip."""


def built(function: str, target: Target) -> Package:
    """The zip of lambda_src/<function>; made once per source, lock and target. Raises PackagingError."""
    project = _project()
    return build(project.lambda_src / function, target, out=project.work / "lambda")


def described(function: str) -> Function:
    """What lambda_src/<function>/function.toml says."""
    return load_function(_project().lambda_src / function)


def _project() -> Project:
    return Project.find(Path(__file__).parent)
