"""Plans one stack in its folder, with the commands that `cdktf diff` runs, and reads the plan into memory only."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.errors import StackBlocked, TerraformFailed
from groundwork.plan.archive import PLAN
from groundwork.plan.bundle import StateAt
from groundwork.state import locks
from groundwork.terraform.environ import cleaned
from groundwork.terraform.initialised import ARGUMENTS, ASKS_FOR_INIT, Initialised
from groundwork.toolchain import process

ERRORED = "errored.tfstate"
"""What Terraform leaves where an apply could not store the state: resources that no state knows."""


@dataclass(frozen=True)
class PlanRun:
    """Terraform in the folder of a stack. `program` is the binary, `environ` complete."""

    folder: Path
    stack: str
    program: Path
    environ: Mapping[str, str]

    def plan(
        self,
        out: Path,
        *,
        destroy: bool = False,
        refresh: bool = True,
        stop: threading.Event | None = None,
        initialised: bool = False,
    ) -> dict[str, Any]:
        """Write a plan to `out` and return it as Terraform's JSON, which holds secrets in clear.

        Without `refresh` the state is taken for the world: the plan is the difference of code and state alone.
        The provider lock is read, never written. `stop` ends Terraform from another thread. Raises StateLocked,
        StackBlocked where an apply left a state that was never stored, and TerraformFailed with Terraform's words.
        """
        require_stored(self.folder, self.stack)
        if not initialised:
            self.init(stop=stop)
        options = [*(["-destroy"] if destroy else []), *([] if refresh else ["-refresh=false"])]
        words = ("plan", "-input=false", f"-out={out}", *options)
        try:
            self._run(stop, *words)
        except TerraformFailed as failed:
            if ASKS_FOR_INIT not in failed.message:
                raise
            self._initialised.forget()
            self.init(stop=stop)
            self._run(stop, *words)
        return self.show(out, stop=stop)

    def init(self, *, stop: threading.Event | None = None, backend: bool = True) -> None:
        """Get providers and backend ready, exactly those that the lock file allows; `show` needs no backend.

        Nothing runs where that was done for the same backend, providers and server before.
        """
        if backend and self._initialised.known():
            return
        self._initialised.forget()
        if not backend:
            self._run(stop, "init", "-input=false", "-lockfile=readonly", "-backend=false")
            return
        self._run(stop, *ARGUMENTS)
        self._initialised.note()

    @property
    def _initialised(self) -> Initialised:
        return Initialised(self.folder, self.program, self.environ)

    def show(self, plan: Path, *, stop: threading.Event | None = None) -> dict[str, Any]:
        """A plan file as Terraform's JSON; the folder has to be initialised."""
        shown = process.run(
            [str(self.program), "show", "-json", str(plan)],
            cwd=self.folder,
            environ=cleaned(self.environ),
            keep_stdout=True,
            stop=stop,
        )
        try:
            found: dict[str, Any] = json.loads(shown.stdout) if shown.ok else {}
        except ValueError:
            found = {}
        if not found:
            # Not a word of what was printed: it may be half a plan.
            raise TerraformFailed(f"{self.stack}: terraform show cannot read the plan (exit code {shown.code})")
        if found.get("errored") or not found.get("complete", True):
            raise TerraformFailed(f"{self.stack}: Terraform could not plan everything; nothing of it may be applied")
        return found

    def _run(self, stop: threading.Event | None, verb: str, *arguments: str) -> None:
        done = process.run(
            [str(self.program), verb, "-no-color", *arguments],
            cwd=self.folder,
            environ=cleaned(self.environ),
            stop=stop,
        )
        if not done.ok:
            if lock := locks.read(done.tail):
                raise lock.refusal(self.stack)
            raise TerraformFailed(f"{self.stack}: terraform {verb} failed:\n{done.tail}")


def require_stored(folder: Path, stack: str) -> None:
    """Raise StackBlocked where an apply in this folder left a state that was never stored."""
    if (folder / ERRORED).is_file():
        raise StackBlocked(
            f"{stack}: the last apply could not store its state and left it in {folder / ERRORED}",
            fix=f"gw recover {stack}",
        )


def state_of(plan: Path) -> StateAt:
    """The state that a plan file was made from: Terraform compares the same two values before it applies it."""
    with zipfile.ZipFile(plan) as opened:
        state = json.loads(opened.read("tfstate"))
    return StateAt(lineage=state["lineage"], serial=state["serial"])


def plan_file(folder: Path) -> Path:
    """Where the plan of a stack lies in its folder."""
    return folder / PLAN
