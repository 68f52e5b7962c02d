"""Runs a command up to a point, does harm there, and waits until everything that the command started has ended."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum

import psutil

from tests.faults.app import App
from tests.faults.disk import full, read_only, without_privileges
from tests.faults.points import Point
from tests.support.processes import kill_tree

_SECONDS = 180


class Harm(StrEnum):
    """What is done at a point."""

    TOP = "top process"
    GROUP = "group"
    TREE = "tree"
    SERVER = "embedded AWS"
    DISK = "full disk"
    RIGHTS = "lost rights"


@dataclass(frozen=True)
class Ended:
    """How the command ended; `output` is all that it printed."""

    code: int
    output: str


def run_into(app: App, point: Point, harm: Harm) -> Ended:
    """Run the point's operation and do harm there; raises AssertionError where the command never comes to the point."""
    words = prepare(app, point)
    app.endpoint.follow(point.rule(app))
    log = app.server.project.root / "command.log"  # not on the application's disk, which may be full
    with log.open("w") as output:
        command = subprocess.Popen(
            [*without_privileges(), str(app.root / ".venv" / "bin" / "gw"), *words],
            cwd=app.root,
            env={**os.environ, "TF_CLI_CONFIG_FILE": app.server.environ["TF_CLI_CONFIG_FILE"]},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await(app, command, point, log.read_text)
        started = psutil.Process(command.pid).children(recursive=True)
        with _done(app, harm, command):
            # What a killed program asked for is lost; the others only wait for an answer.
            app.endpoint.let_go(answered=harm not in {Harm.TREE, Harm.SERVER})
            with suppress(subprocess.TimeoutExpired):
                command.wait(_SECONDS)
            _, alive = psutil.wait_procs(started, timeout=_SECONDS if command.returncode is not None else 0)
        assert not alive, f"{point}, {harm}: still running: {alive}\n{log.read_text()}"
    finally:
        kill_tree(command.pid)
        app.endpoint.let_go(answered=False)
    return Ended(command.returncode, log.read_text())


def prepare(app: App, point: Point) -> list[str]:
    """Do what comes before the operation; returns the words of its own command."""
    match point.operation:
        case "bootstrap" | "deploy":
            return app.deploys
        case "plan push":
            succeed(app, "plan", "make", *app.stacks)
            return ["plan", "push"]
        case "approved apply":
            approve(app)
            # Each version destroys what one before it made; nobody has to keep that.
            allowed = [word for stack in app.stacks for word in ("--allow-destroy", stack)]
            return ["deploy", *app.stacks, "--approved", str(app.project.index_path), *allowed]


def approve(app: App) -> None:
    """Plan, store the plans, and have somebody else approve them."""
    succeed(app, "plan", "make", *app.stacks)
    succeed(app, "plan", "push")
    succeed(app, "approve", "local", "--as", "grace", "--yes")


def succeed(app: App, *words: str) -> str:
    """Run a command that has to succeed; returns what it printed."""
    done = app.gw(*words)
    assert done.returncode == 0, f"gw {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def _await(app: App, command: subprocess.Popen[bytes], point: Point, log: Callable[[], str]) -> None:
    for _ in range(_SECONDS * 10):
        if app.endpoint.reached.wait(0.1):
            return
        assert command.poll() is None, f"{point}: the command ended before with {command.returncode}:\n{log()}"
    raise AssertionError(f"{point}: never reached:\n{log()}")


@contextmanager
def _done(app: App, harm: Harm, command: subprocess.Popen[bytes]) -> Iterator[None]:
    """Do the harm; a disk or rights are as before after the context."""
    match harm:
        case Harm.TOP:
            os.kill(command.pid, signal.SIGKILL)
        case Harm.GROUP:
            with suppress(ProcessLookupError):
                os.killpg(command.pid, signal.SIGKILL)
        case Harm.TREE:
            kill_tree(command.pid)
        case Harm.SERVER:
            app.kill_server()
            app.start_server()
        case Harm.DISK:
            with full(app.root):
                yield
            return
        case Harm.RIGHTS:
            with read_only(app.root / "cdktf.out", app.root / ".groundwork"):
                yield
            return
    yield
