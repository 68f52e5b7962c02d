"""Terraform in one folder: the only place that starts it, apart from cdktf."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from groundwork.errors import StackBlocked, TerraformFailed
from groundwork.synthesis.provider_locks import PLACED
from groundwork.terraform import locks
from groundwork.terraform.environ import terraform_environ
from groundwork.terraform.init_stamp import InitStamp
from groundwork.terraform.printed import StackLog, without_colours
from groundwork.toolchain import process

PLAN_FILE = "plan"
"""Name of a plan in its stack's folder: the one that `cdktf diff` gives it."""

ERRORED = "errored.tfstate"
"""What Terraform leaves where an apply could not store the state: the only record of what it created."""
_WRONG_CHECKSUM = "does not have the expected content"
"""What Terraform says where the table's checksum is not the state's (`errBadChecksumFmt` of its S3 backend)."""

_EXISTS = re.compile(r"AlreadyExists|AlreadyOwnedByYou|already exists|ResourceInUseException")
"""What AWS says where a resource exists that no state has: the answer to its creation was lost, or somebody made it."""

_INIT = "-reconfigure"
"""No settings of the backend that an earlier run recorded."""
_LOCKED = "-lockfile=readonly"
"""Only the providers that the lock file allows."""

_ASKS_FOR_INIT = "terraform init"
"""Part of Terraform's error where a folder is not initialised after all: it was emptied, or a provider is missing."""

_STARTS = 3
"""How often Terraform is started in all where each time somebody freed the lock at that very moment."""

_NO_CHANGES, _FAILED, _CHANGES = 0, 1, 2
"""Exit codes of `terraform plan -detailed-exitcode`."""

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Terraform:
    """Terraform in `folder` for `stack`. `environ` is complete; `on_line` gets every line that is not secret.

    A plan waits up to `lock_seconds` for somebody who holds the state's lock.

    Every method raises StateLocked where somebody holds the state's lock, and TerraformFailed with Terraform's own
    error otherwise. `stop`, where a method takes it, ends Terraform from another thread and raises Interrupted.
    """

    folder: Path
    stack: str
    program: Path
    environ: Mapping[str, str]
    on_line: Callable[[str], None] = lambda _: None
    lock_seconds: int = 0

    # ── init ───────────────────────────────────────────────────────────────────────────────────────
    def init(self, *options: str, stop: threading.Event | None = None) -> None:
        """Run `terraform init` with these options, such as -reconfigure or -backend=false."""
        self._stamp.remove()
        self._run("init", "-input=false", *options, stop=stop)

    def ensure_init(self, *, stop: threading.Event | None = None) -> None:
        """Initialise the folder as its lock file and backend say, unless that is done already.

        An application that brings no lock file gets Terraform's; preflight refuses that in a pull request.
        """
        if not self._stamp.is_current():
            self.init(_INIT, *([_LOCKED] if (self.folder / PLACED).is_file() else []), stop=stop)
            self._stamp.write()

    # ── plans ──────────────────────────────────────────────────────────────────────────────────────
    def plan(
        self,
        out: Path | None = None,
        *,
        destroy: bool = False,
        refresh: bool = True,
        init: bool = True,
        lock: bool = True,
        stop: threading.Event | None = None,
    ) -> PlanFile:
        """Write a plan to `out`, or to the folder's own plan file.

        Without `refresh` the state is assumed to match the world: the plan is the difference of code and state alone.
        Without `init` the caller has initialised the folder. Without `lock` nobody has to wait for it, and the state
        may change meanwhile, which is right for a plan that is only shown. Raises StackBlocked where an earlier apply
        left a state that was never stored.
        """
        require_stored(self.folder, self.stack)
        out = out or self.folder / PLAN_FILE
        options = [*(["-destroy"] if destroy else []), *([] if refresh else ["-refresh=false"])]
        options.append(f"-lock-timeout={self.lock_seconds}s" if lock else "-lock=false")
        arguments = ("-input=false", "-detailed-exitcode", f"-out={out}", *options)
        if not init:
            return self._plan(out, arguments, stop)
        had_stamp = self._stamp.is_current()
        self.ensure_init(stop=stop)
        try:
            return self._plan(out, arguments, stop)
        except TerraformFailed as error:
            if not had_stamp or _ASKS_FOR_INIT not in error.message:
                raise
            # Somebody else initialised the folder in the meantime, or emptied it.
            self._stamp.remove()
            self.ensure_init(stop=stop)
            return self._plan(out, arguments, stop)

    def _plan(self, out: Path, arguments: tuple[str, ...], stop: threading.Event | None) -> PlanFile:
        code, log = self._run("plan", *arguments, stop=stop, succeeds=(_NO_CHANGES, _CHANGES))
        return PlanFile(self, out, log.text, has_changes=code == _CHANGES)

    def show(self, plan: Path, *, stop: threading.Event | None = None) -> dict[str, Any]:
        """A plan file as Terraform's JSON, which holds secrets in clear; the folder has to be initialised."""
        finished = self._start("show", "-json", str(plan), keep_stdout=True, stop=stop)
        try:
            document: dict[str, Any] = json.loads(finished.stdout) if finished.ok else {}
        except ValueError:
            document = {}
        if not document:
            # The message leaves out the output: it may be half a plan, with secrets.
            raise TerraformFailed(f"{self.stack}: terraform show cannot read the plan (exit code {finished.code})")
        if document.get("errored") or not document.get("complete", True):
            raise TerraformFailed(f"{self.stack}: Terraform could not plan everything, so the plan may not be applied")
        return document

    def apply(self, plan: Path) -> None:
        """Apply exactly that plan."""
        self._run("apply", "-input=false", str(plan))

    def destroy(self) -> None:
        """Destroy everything in the state."""
        self._run("destroy", "-input=false", "-auto-approve")

    # ── states ─────────────────────────────────────────────────────────────────────────────────────
    def untaint(self, address: str) -> None:
        """Let the next apply complete a half-created resource instead of replacing it."""
        self._run("untaint", address)

    def import_(self, address: str, id_: str) -> None:
        """Record an existing resource in the state; the folder has to be initialised."""
        self._run("import", "-input=false", address, id_)

    def pull(self) -> str:
        """The state as text; empty without a state."""
        finished = self._start("state", "pull", keep_stdout=True)
        if not finished.ok:
            raise self._failure("state pull", finished.tail)
        return finished.stdout

    def push(self, state: Path) -> None:
        """Store a state over an existing one. Terraform refuses another lineage and a lower serial."""
        self._run("state", "push", str(state))

    # ── running Terraform ─────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def _stamp(self) -> InitStamp:
        return InitStamp(self.folder, self.program, self.environ)

    def _run(
        self, *arguments: str, stop: threading.Event | None = None, succeeds: tuple[int, ...] = (0,)
    ) -> tuple[int, StackLog]:
        for remaining in reversed(range(_STARTS)):
            log = StackLog()

            def take(line: str, log: StackLog = log) -> None:
                log.lines.append(without_colours(line))
                self.on_line(line)

            finished = self._start(*arguments, on_line=take, stop=stop)
            if finished.code in succeeds:
                return finished.code, log
            output = "\n".join(log.lines)
            if not (remaining and locks.freed_meanwhile(output)):
                break
        raise self._failure(arguments[0], output, log.errors)

    def _start(
        self,
        *arguments: str,
        on_line: Callable[[str], None] = lambda _: None,
        keep_stdout: bool = False,
        stop: threading.Event | None = None,
    ) -> process.Finished:
        # `show -json` and the subcommands of `state` print no colours, and some do not know the option.
        colour = [] if arguments[0] in {"state", "show"} else ["-no-color"]
        return process.run(
            [str(self.program), arguments[0], *colour, *arguments[1:]],
            cwd=self.folder,
            environ=terraform_environ(self.environ),
            on_line=on_line,
            keep_stdout=keep_stdout,
            stop=stop,
            private=True,  # plans hold secrets
        )

    def _failure(self, verb: str, output: str, errors: str = "") -> Exception:
        if lock := locks.read(output):
            return lock.error(self.stack)
        fix = fix_of(self.stack, output + errors)
        return TerraformFailed(f"{self.stack}: terraform {verb} failed:\n{errors or output}", fix=fix)


@dataclass(frozen=True)
class PlanFile:
    """A plan that Terraform wrote. `text` is what it printed, for people; no code decides by it.

    `has_changes` comes from Terraform's exit code: it is also True for outputs, moves and imports alone.
    """

    terraform: Terraform
    path: Path
    text: str
    has_changes: bool

    @cached_property
    def document(self) -> Document:
        """The plan as Terraform's JSON. It holds secrets in clear and stays in memory."""
        return self.terraform.show(self.path)

    def addresses(self, *actions: str) -> tuple[str, ...]:
        """Resources that the plan creates, updates or deletes (`actions`); a replacement is create and delete."""
        return tuple(
            resource["address"]
            for resource in self.document.get("resource_changes", [])
            if resource.get("mode") == "managed" and set(actions) & set(resource["change"]["actions"])
        )


def fix_of(stack: str, output: str) -> str:
    """The command that mends what Terraform reports; empty where its own words have to do."""
    if _WRONG_CHECKSUM in output:
        return f"gw recover {stack} --correct-checksum"
    return f"gw recover {stack}" if _EXISTS.search(output) else ""


def require_stored(folder: Path, stack: str) -> None:
    """Raise StackBlocked where an apply in this folder left a state that was never stored."""
    if (folder / ERRORED).is_file():
        raise StackBlocked(
            f"{stack}: the last apply could not store its state and left it in {folder / ERRORED}",
            fix=f"gw recover {stack}",
        )
