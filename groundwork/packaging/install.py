"""Installs a lock's packages for one target with uv, which checks the hash of every wheel and keeps it in its cache."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from groundwork.errors import PackagingError, ToolMissing
from groundwork.packaging.target import Target
from groundwork.toolchain import process, uv

UV_SECONDS = 600


class Uv:
    """uv for the packages of Lambda functions.

    `command` starts it (default: the uv of Pipfile.lock), `environ` is its environment (default: this process's).
    """

    def __init__(self, command: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> None:
        self._command = [*(command or uv.command()), "--quiet", "--no-progress"]
        self._environ = None if environ is None else dict(environ)

    def install(self, lock: Path, target: Target, *, into: Path) -> None:
        """Put exactly the wheels that `lock` pins into the folder `into`. Raises PackagingError."""
        options = ["--no-deps", "--require-hashes", "--target", str(into), "--requirements", str(lock)]
        try:
            # Where the cache holds every wheel, no request is sent to the index.
            self._run(lock, target, "--offline", "pip", "install", *options)
        except PackagingError:
            self._run(lock, target, "pip", "install", *options)

    def resolve(self, source: Path, target: Target) -> str:
        """Pins with hashes for everything that `source` needs on the target. Raises PackagingError."""
        return self._run(
            source, target, "pip", "compile", "--generate-hashes", "--no-header", "--no-annotate", str(source)
        )

    def _run(self, requirements: Path, target: Target, *arguments: str) -> str:
        wheels = ["--only-binary", ":all:", "--python", sys.executable]
        wheels += ["--python-version", target.python_version, "--python-platform", target.uv_platform]
        try:
            done = process.run(
                [*self._command, *arguments, *wheels],
                cwd=requirements.parent,
                environ=self._environ,
                keep_stdout=True,
                timeout=UV_SECONDS,
            )
        except ToolMissing as error:
            raise PackagingError(f"uv cannot be started: {self._command[0]}", fix="make setup") from error
        if done.timed_out:
            raise PackagingError(f"uv took more than {UV_SECONDS} s for {target}", fix="check the package index")
        if not done.ok:
            lines = done.tail.strip().splitlines()
            raise PackagingError(
                f"uv could not get {requirements} for {target}:\n    " + "\n    ".join(lines[-8:]),
                fix="check the index (uv.toml); a package without a wheel for this target cannot be used",
            )
        return done.stdout
