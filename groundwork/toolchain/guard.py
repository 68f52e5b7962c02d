"""Runs a program for Groundwork, and makes sure that nothing the program started outlives either of them.

Started by `process.run` as `python guard.py PIPE GRACE COMMAND…`. Only Groundwork holds the other end of PIPE:
when it closes, Groundwork wants the program to end or was killed, and the guard ends the program cleanly. Unlike a
signal handler, this works after kill -9; unlike PR_SET_PDEATHSIG (direct children only), it works for whole trees:
cdktf starts Terraform in sessions of their own.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

_PR_SET_CHILD_SUBREAPER = 36
_POLL = 0.05  # seconds between two checks of a process tree that is ending
_TERM_SECONDS = 3.0  # seconds between SIGTERM and SIGKILL for everything that is not Terraform


def main(arguments: list[str]) -> int:
    """Run the command, end it when the pipe closes, and return its exit code (128 + n after signal n)."""
    pipe, grace, command = int(arguments[0]), float(arguments[1]), arguments[2:]
    # The guard itself must survive the signals that a terminal or a supervisor sends to all processes.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _adopt_orphans()
    try:
        child = subprocess.Popen(command, preexec_fn=_default_signals)  # noqa: PLW1509 (this process has one thread)
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error.strerror}\n")
        return 127
    code = _watch(child, pipe)
    if code is None:
        _end(child, grace)
        code = child.wait()
    _kill_rest()
    return code if code >= 0 else 128 - code


def _default_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _adopt_orphans() -> None:
    """On Linux, processes whose parent dies become children of the guard, so that it can end them."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _watch(child: subprocess.Popen[bytes], pipe: int) -> int | None:
    """The exit code of the child, or None when the pipe closed first."""
    waker, alarm = os.pipe()
    os.set_blocking(alarm, False)
    signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    while (code := child.poll()) is None:
        # The timeout covers a child that ended between poll() and select().
        ready, _, _ = select.select([pipe, waker], [], [], 1.0)
        if waker in ready:
            os.read(waker, 512)
            _reap_adopted(child.pid)
        if pipe in ready and not os.read(pipe, 1):
            return None
    return code


def _reap_adopted(child: int) -> None:
    for pid, state, _ in _descendants():
        if pid != child and state == "Z":
            with contextlib.suppress(OSError):
                os.waitpid(pid, os.WNOHANG)


def _end(child: subprocess.Popen[bytes], grace: float) -> None:
    """Interrupt every Terraform once and let it finish, so that it frees its lock; then end the rest."""
    until, interrupted, kill_at = time.monotonic() + grace, set[int](), 0.0
    while time.monotonic() < until:
        child.poll()
        _reap_adopted(child.pid)
        alive = [(pid, name) for pid, state, name in _descendants() if state != "Z"]
        if not alive:
            return
        terraform = [pid for pid, name in alive if name == "terraform"]
        for pid in set(terraform) - interrupted:
            # A second interrupt would make Terraform drop everything, lock included: exactly one each.
            interrupted.add(pid)
            _send(pid, signal.SIGINT)
        if not terraform:
            if not kill_at:
                kill_at = time.monotonic() + _TERM_SECONDS
                for pid, _ in alive:
                    _send(pid, signal.SIGINT if pid == child.pid and not interrupted else signal.SIGTERM)
            elif time.monotonic() > kill_at:
                break
        time.sleep(_POLL)
    for pid, _, _ in _descendants():
        _send(pid, signal.SIGKILL)


def _kill_rest() -> None:
    for _ in range(100):
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        alive = [pid for pid, _, _ in _descendants()]
        for pid in alive:
            _send(pid, signal.SIGKILL)
        if not alive:
            return
        time.sleep(_POLL)


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _descendants() -> Iterator[tuple[int, str, str]]:
    """(process id, state letter, name) of everything below this process."""
    table = list(_linux_table() if os.path.isdir("/proc/self") else _ps_table())  # noqa: PTH112 (pathlib costs start time)
    below = {os.getpid()}
    grew = True
    while grew:
        children = {pid for pid, parent, _, _ in table if parent in below} - below
        grew = bool(children)
        below |= children
    below.discard(os.getpid())
    return ((pid, state, name) for pid, _, state, name in table if pid in below)


def _linux_table() -> Iterator[tuple[int, int, str, str]]:
    for entry in os.listdir("/proc"):  # noqa: PTH208 (pathlib costs start time)
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                    head, _, rest = file.read().rpartition(")")
            except OSError:
                continue  # it ended meanwhile
            state, parent = rest.split()[:2]
            yield int(entry), int(parent), state, head.partition("(")[2]


def _ps_table() -> Iterator[tuple[int, int, str, str]]:
    shown = subprocess.run(["ps", "-axo", "pid=,ppid=,state=,comm="], capture_output=True, text=True, check=True)
    for line in shown.stdout.splitlines():
        pid, parent, state, name = line.split(None, 3)
        if name != "ps":
            yield int(pid), int(parent), state[0], os.path.basename(name)  # noqa: PTH119


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
