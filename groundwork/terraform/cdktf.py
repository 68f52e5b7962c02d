"""cdktf's own commands as functions that return what each stack printed."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from groundwork.errors import TerraformFailed
from groundwork.terraform import locks, printed
from groundwork.terraform.printed import Complete, StackLog, Step
from groundwork.terraform.terraform import fix_of
from groundwork.toolchain import process, side_by_side

_UNDER_CDKTF = Path(__file__).with_name("under_cdktf.sh")

OnEvent = Callable[[str, Step | Complete], None]
"""Gets the stack with a step of one of its resources, or with its own end."""


class Run(Protocol):
    """Starts a program and passes on each line; Ctrl-C ends the program, too."""

    def __call__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        environ: Mapping[str, str],
        on_line: Callable[[str], None],
        stop: threading.Event | None = None,
    ) -> int:
        """Returns the exit code; `stop` ends the program from another thread, and Interrupted is raised."""


@dataclass(frozen=True)
class Cdktf:
    """cdktf-cli in one checkout. `command` starts it; `environ` is complete (PATH, Terraform's settings).

    `initialise` initialises a stack's folder unless that is done already. Without it, cdktf runs `terraform init` for
    every stack of every deploy and destroy, one after the other, at several seconds each.
    """

    root: Path
    command: Sequence[str]
    environ: Mapping[str, str]
    output: str = "cdktf.out"
    run: Run = process.stream
    initialise: Callable[[str, threading.Event], None] | None = None

    def deploy(
        self,
        stacks: Sequence[str],
        *,
        parallelism: int,
        on_event: OnEvent,
        complete: bool = True,
    ) -> dict[str, StackLog]:
        """`cdktf deploy`: applies stacks in dependency order, independent ones side by side.

        `complete`: all upstreams are among the stacks; otherwise the stacks must not wait for each other.
        Raises TerraformFailed with the errors of every stack that failed; what was applied before stays applied.
        """
        return self._apply("deploy", stacks, parallelism, on_event, ignoring=not complete)

    def destroy(self, stacks: Sequence[str], *, parallelism: int, on_event: OnEvent) -> dict[str, StackLog]:
        """`cdktf destroy` of stacks and all that read them: the same, backwards."""
        return self._apply("destroy", stacks, parallelism, on_event, ignoring=False)

    def destroy_one(self, stack: str, *, on_event: OnEvent, stop: threading.Event | None = None) -> dict[str, StackLog]:
        """`cdktf destroy` of one stack, whatever reads it.

        One stack only: with the option to ignore stacks that are not named, cdktf 0.21 starts the first of several
        again and again until it has ended.
        """
        return self._apply("destroy", [stack], 1, on_event, ignoring=True, stop=stop)

    def diff(self, stack: str, *, stop: threading.Event | None = None) -> StackLog:
        """`cdktf diff` of one stack; raises TerraformFailed where it cannot be planned."""
        log, reader = StackLog(), printed.Reader()

        def take(raw: str) -> None:
            log.lines.append(reader.line(raw).text)

        # gw has checked the provider locks and put them in place, so cdktf need not send requests to the registry.
        code = self._start(["diff", stack, "--skip-synth", "--no-color", "--skip-provider-lock"], take, stop)
        if code:
            _raise_if_locked(stack, log)
            raise TerraformFailed(f"{stack} cannot be planned:\n{log.errors}", fix=fix_of(stack, log.errors))
        return log

    def _apply(
        self,
        verb: str,
        stacks: Sequence[str],
        parallelism: int,
        on_event: OnEvent,
        *,
        ignoring: bool,
        stop: threading.Event | None = None,
    ) -> dict[str, StackLog]:
        logs: dict[str, StackLog] = defaultdict(StackLog)
        reader = printed.Reader()
        only = stacks[0] if len(stacks) == 1 else ""

        def take(raw: str) -> None:
            line = reader.line(raw)
            stack = line.stack if line.stack in stacks else only
            log = logs[stack]
            log.lines.append(line.text)
            event = printed.step(line.text) or printed.complete(line.text)
            if isinstance(event, Step) and event.done:
                log.done.add(event.address)
            if event:
                on_event(stack, event)

        initialised = self._initialise(stacks, parallelism, stop)
        arguments = [verb, *stacks, "--auto-approve", "--skip-synth", "--no-color", "--skip-provider-lock"]
        arguments += ["--parallelism", str(parallelism)]
        if ignoring:
            # gw has checked that upstream stacks are deployed; cdktf would insist on applying them again.
            arguments.append("--ignore-missing-stack-dependencies")
        code = self._start(arguments, take, stop, initialised=initialised)
        if code:
            for stack, log in logs.items():
                _raise_if_locked(stack, log)
            failed = [f"{stack or 'cdktf'}:\n{log.errors}" for stack, log in logs.items() if log.failed]
            errors = "\n".join(failed or (log.errors for log in logs.values()))
            fixes = (fix_of(stack, log.errors) for stack, log in logs.items() if stack and log.failed)
            raise TerraformFailed(f"cdktf {verb} failed\n{errors}", fix=next(filter(None, fixes), ""))
        return dict(logs)

    def _initialise(self, stacks: Sequence[str], parallelism: int, stop: threading.Event | None) -> bool:
        """Initialise what is not initialised yet; whether that is done here at all."""
        if not self.initialise:
            return False
        if stop:
            for stack in stacks:
                self.initialise(stack, stop)
        else:
            side_by_side.each(self.initialise, stacks, at_once=parallelism)
        return True

    def _start(
        self,
        arguments: Sequence[str],
        on_line: Callable[[str], None],
        stop: threading.Event | None,
        *,
        initialised: bool = False,
    ) -> int:
        # CI=1: cdktf prints each line once instead of redrawing a status block, which could not be parsed.
        environ = {**self.environ, "CI": "1", **self._under_cdktf(initialised=initialised)}
        return self.run(
            [*self.command, *arguments, "--output", self.output],
            cwd=self.root,
            environ=environ,
            on_line=on_line,
            stop=stop,
        )

    def _under_cdktf(self, *, initialised: bool) -> dict[str, str]:
        """Settings with which cdktf starts Terraform through the script that explains itself."""
        real = self.environ.get("TERRAFORM_BINARY_NAME")
        if not real:
            return {}
        return {
            "TERRAFORM_BINARY_NAME": str(_UNDER_CDKTF),
            "GROUNDWORK_TERRAFORM": real,
            "GROUNDWORK_INITIALISED": "1" if initialised else "",
        }


def _raise_if_locked(stack: str, log: StackLog) -> None:
    if lock := locks.read("\n".join(log.lines)):
        raise lock.error(stack)
