"""Terraform in one folder, without cdktf: the few commands that bootstrap, unlock and restore need."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.errors import TerraformFailed
from groundwork.state import locks
from groundwork.toolchain import process


@dataclass(frozen=True)
class TerraformRun:
    """Terraform in `folder` on behalf of `stack`. `environ` is complete; `on_line` is shown every line.

    Every method raises StateLocked where somebody holds the lock, and TerraformFailed with Terraform's words otherwise.
    """

    folder: Path
    stack: str
    program: str
    environ: Mapping[str, str]
    on_line: Callable[[str], None] = lambda _: None

    def init(self, *options: str) -> None:
        """Get the folder ready for its backend; `-reconfigure` forgets the one before, `-migrate-state` moves."""
        self._run("init", "-input=false", *options)

    def plan(self, out: Path) -> dict[str, Any]:
        """Write a plan and return it as Terraform's JSON."""
        self._run("plan", "-input=false", f"-out={out}")
        shown: dict[str, Any] = json.loads(self._run("show", "-json", str(out), keep=True))
        return shown

    def apply(self, plan: Path) -> None:
        """Apply exactly that plan."""
        self._run("apply", "-input=false", str(plan))

    def destroy(self) -> None:
        """Destroy everything in the state."""
        self._run("destroy", "-input=false", "-auto-approve")

    def untaint(self, address: str) -> None:
        """Let the next apply complete a half-made resource instead of replacing it."""
        self._run("untaint", address)

    def pull(self) -> str:
        """The state as text; empty where there is none."""
        return self._run("state", "pull", keep=True)

    def push(self, state: Path) -> None:
        """Store a state over an existing one. Terraform refuses another lineage and a lower serial."""
        self._run("state", "push", str(state))

    def force_unlock(self, lock_id: str) -> None:
        """Take a lock away from whoever holds it."""
        self._run("force-unlock", "-force", lock_id)

    def _run(self, *arguments: str, keep: bool = False) -> str:
        words = _with_no_color(arguments)
        finished = process.run(
            [self.program, *words], cwd=self.folder, environ=self.environ, on_line=self.on_line, keep_stdout=keep
        )
        if not finished.ok:
            if lock := locks.read(finished.tail):
                raise lock.refusal(self.stack)
            raise TerraformFailed(f"terraform {' '.join(arguments)} failed for {self.stack}:\n{finished.tail}")
        return finished.stdout


def _with_no_color(arguments: Sequence[str]) -> list[str]:
    # Behind the subcommand, and `state` has a second word; pull and push print no colours and know no such option.
    return list(arguments) if arguments[0] == "state" else [arguments[0], "-no-color", *arguments[1:]]


def changes(plan: Mapping[str, Any], action: str) -> tuple[str, ...]:
    """Addresses that a plan does `action` to: create, update or delete (a replacement is create and delete)."""
    return tuple(
        change["address"]
        for change in plan.get("resource_changes", [])
        if action in change["change"]["actions"] and change.get("mode") == "managed"
    )
