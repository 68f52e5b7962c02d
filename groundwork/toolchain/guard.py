"""Runs a program for Groundwork, and makes sure that nothing the program started outlives either of them.

Started by `process.run` as `python guard.py PIPE GRACE OUTPUTS COMMAND…`. Only Groundwork holds the other end of PIPE:
when it closes, Groundwork wants the program to end or was killed, and the guard ends the program cleanly. OUTPUTS are
the ends from which Groundwork reads what the program prints. The guard holds them open as well: Terraform, which says
that it was interrupted, would die of SIGPIPE once nobody could read that, and leave its lock. Unlike a
signal handler, this works after kill -9; unlike PR_SET_PDEATHSIG (direct children only), it works for whole trees:
cdktf starts Terraform in sessions of their own.

Every program that Groundwork runs starts with this file, so it imports and looks up no more than it must.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

TYPE_CHECKING = False  # importing typing would take as long as the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LINUX = sys.platform.startswith("linux")
_PR_SET_CHILD_SUBREAPER = 36
_DEFAULT_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ)
_POLL = 0.05  # seconds between two checks of a process tree that is ending
_TERM_SECONDS = 3.0  # seconds between SIGTERM and SIGKILL for everything that is not Terraform


def main(arguments: list[str]) -> int:
    """Run the command, end it when the pipe closes, and return its exit code (128 + n after signal n)."""
    pipe, grace, command = int(arguments[0]), float(arguments[1]), arguments[3:]
    outputs, reader = [int(number) for number in arguments[2].split(",")], os.getppid()
    # The guard itself must survive the signals that a terminal or a supervisor sends to all processes.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for descriptor in (pipe, *outputs):
        os.set_inheritable(descriptor, False)
    _adopt_orphans()
    program = _Program(command)
    # A program that was killed or crashed may leave Terraform running.
    if not _ended_by_itself(program, pipe) or "terraform" in {name for _, _, name in _descendants()}:
        _end(program, grace, lambda: None if os.getppid() == reader else _drain(outputs))
    _kill_rest(program)
    code = program.wait()
    return code if code >= 0 else 128 - code


class _Program:
    """The program, and everything that it left to the guard. `code` is None as long as it runs."""

    def __init__(self, command: list[str]) -> None:
        self.code: int | None = None
        self.pid = os.fork()
        if self.pid:
            return
        try:
            for number in _DEFAULT_SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            os.execvp(command[0], command)
        except OSError as error:
            os.write(2, f"cannot start {command[0]}: {error.strerror}\n".encode())
        finally:
            os._exit(127)

    def reap(self) -> bool:
        """Release the processes that ended; False if none is left, on Linux not even below them."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return True
                self._take(pid, status)
        except ChildProcessError:
            return False

    def wait(self) -> int:
        """Its exit code, -n after signal n."""
        while self.code is None:
            self._take(*os.waitpid(self.pid, 0))
        return self.code

    def _take(self, pid: int, status: int) -> None:
        if pid == self.pid:
            self.code = os.waitstatus_to_exitcode(status)


def _adopt_orphans() -> None:
    """On Linux, processes whose parent dies become children of the guard, so that it can end them."""
    if _LINUX:
        import ctypes

        try:
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        except (OSError, AttributeError):
            pass


def _ended_by_itself(program: _Program, pipe: int) -> bool:
    """Wait for the end of the program; False when the pipe closes first."""
    waker, alarm = os.pipe()
    os.set_blocking(alarm, False)
    signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    while True:
        # Before the wait: the program may have ended before the signal could wake anybody.
        program.reap()
        if program.code is not None:
            return True
        ready, _, _ = select.select([pipe, waker], [], [], 1.0)
        if waker in ready:
            os.read(waker, 512)
        if pipe in ready and not os.read(pipe, 1):
            return False


def _drain(outputs: list[int]) -> None:
    """Read what nobody else reads any more, so that no program waits for it to be read."""
    ready, _, _ = select.select(outputs, [], [], 0)
    for number in ready:
        os.read(number, 65536)


def _end(program: _Program, grace: float, drain: Callable[[], object]) -> None:
    """Interrupt every Terraform once and let it finish, so that it frees its lock; then end the rest."""
    until, interrupted, kill_at = time.monotonic() + grace, set[int](), 0.0
    while time.monotonic() < until:
        program.reap()
        drain()
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
                    _send(pid, signal.SIGINT if pid == program.pid and not interrupted else signal.SIGTERM)
            elif time.monotonic() > kill_at:
                break
        time.sleep(_POLL)
    for pid, _, _ in _descendants():
        _send(pid, signal.SIGKILL)


def _kill_rest(program: _Program) -> None:
    for _ in range(100):
        if not program.reap() and _LINUX:
            return
        alive = [pid for pid, _, _ in _descendants()]
        for pid in alive:
            _send(pid, signal.SIGKILL)
        if not alive:
            return
        time.sleep(_POLL)


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def _descendants() -> Iterator[tuple[int, str, str]]:
    """(process id, state letter, name) of everything below this process."""
    table = list(_linux_table() if os.path.isdir("/proc/self") else _ps_table())
    below = {os.getpid()}
    grew = True
    while grew:
        children = {pid for pid, parent, _, _ in table if parent in below} - below
        grew = bool(children)
        below |= children
    below.discard(os.getpid())
    return ((pid, state, name) for pid, _, state, name in table if pid in below)


def _linux_table() -> Iterator[tuple[int, int, str, str]]:
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                    head, _, rest = file.read().rpartition(")")
            except OSError:
                continue  # it ended meanwhile
            state, parent = rest.split()[:2]
            yield int(entry), int(parent), state, head.partition("(")[2]


def _ps_table() -> Iterator[tuple[int, int, str, str]]:
    import subprocess

    shown = subprocess.run(["ps", "-axo", "pid=,ppid=,state=,comm="], capture_output=True, text=True, check=True)
    for line in shown.stdout.splitlines():
        pid, parent, state, name = line.split(None, 3)
        if name != "ps":
            yield int(pid), int(parent), state[0], os.path.basename(name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
