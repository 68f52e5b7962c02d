"""Runs a program: its lines as they come, its exit code, and a clean end whatever happens to it or to Groundwork."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from groundwork.errors import Interrupted, ToolMissing

_GUARD = Path(__file__).with_name("guard.py")
_TAIL_LINES = 60  # enough for Terraform's error boxes
TIMED_OUT = 124  # the exit code `timeout(1)` uses


@dataclass(frozen=True)
class Finished:
    """How a program ended.

    `code` is its exit code: 128 + n after signal n, 124 after the time limit. `tail` holds its last lines, both
    streams mixed. `stdout` is complete with `keep_stdout`, else empty. `seconds` is wall time.
    """

    command: tuple[str, ...]
    code: int
    tail: str
    stdout: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it ended with 0."""
        return self.code == 0

    @property
    def timed_out(self) -> bool:
        """Whether it was ended at its time limit."""
        return self.code == TIMED_OUT


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] = lambda _: None,
    keep_stdout: bool = False,
    timeout: float | None = None,
    grace: float = 60.0,
    stop: threading.Event | None = None,
    private: bool = False,
) -> Finished:
    """Run `command` without a terminal and hand each line over in this thread as it is printed.

    What it writes is readable by its owner alone if `private`.
    With `keep_stdout`, standard output is collected and only standard error is handed over line by line.
    `timeout` in seconds. `stop` ends the program when it is set by another thread; then Interrupted is raised.
    On a time limit, `stop`, Ctrl-C, SIGTERM or any exception, Terraform is interrupted once and gets `grace` seconds
    to free its lock, everything else is ended, and nothing is left running; the same happens when this process is
    killed. Raises ToolMissing where the program does not exist.
    """
    program = _locate(command[0], environ, cwd)
    began = time.monotonic()
    read_end, write_end = os.pipe()
    pipes = [os.pipe() for _ in range(2 if keep_stdout else 1)]
    outputs = [output for output, _ in pipes]
    numbers = ",".join(map(str, outputs))
    try:
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARD), str(read_end), str(grace), numbers, program, *command[1:]],
            cwd=cwd,
            env=None if environ is None else dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=pipes[0][1],
            stderr=pipes[-1][1],
            pass_fds=[read_end, *outputs],
            start_new_session=True,  # Ctrl-C reaches this process alone, which tells the guard
            umask=0o077 if private else -1,
        )
    except BaseException:
        for number in (write_end, *outputs):
            os.close(number)
        raise
    finally:
        for number in (read_end, *(end for _, end in pipes)):
            os.close(number)
    release = contextlib.ExitStack()
    release.callback(os.close, write_end)
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    output: list[str] = []
    timed_out = False
    lines = _Lines([os.fdopen(number, encoding="utf-8", errors="replace") for number in outputs])
    try:
        for line, is_output in lines:
            if line is not None:
                tail.append(line)
                if keep_stdout and is_output:
                    output.append(line + "\n")
                else:
                    on_line(line)
            if not timed_out and timeout is not None and time.monotonic() - began > timeout:
                timed_out = True
                release.close()
            if stop is not None and stop.is_set():
                raise Interrupted(f"{Path(program).name} was stopped")
        code = child.wait()
    finally:
        # Closing the pipe makes the guard end the program; after the program's own end this does nothing.
        release.close()
        child.wait()
        lines.close()
    return Finished(
        command=tuple(command),
        code=TIMED_OUT if timed_out else code,
        tail="\n".join(tail),
        stdout="".join(output),
        seconds=time.monotonic() - began,
    )


def stream(
    command: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    on_line: Callable[[str], None],
    stop: threading.Event | None = None,
) -> int:
    """`run` for callers that follow the lines and need nothing but the exit code afterwards."""
    return run(command, cwd=cwd, environ=environ, on_line=on_line, stop=stop).code


def _locate(program: str, environ: Mapping[str, str] | None, cwd: Path | None) -> str:
    """The path of the program, searched on the PATH it will be given; a relative path counts from `cwd`."""
    if os.sep in program:
        path = (cwd or Path.cwd()) / program
        if os.access(path, os.X_OK) and path.is_file():
            return str(path)
        raise ToolMissing(f"{program} is not a program that can be started", fix="make setup")
    for folder in os.get_exec_path(None if environ is None else dict(environ)):
        path = Path(folder or ".") / program
        if os.access(path, os.X_OK) and path.is_file():
            return str(path)
    raise ToolMissing(f"{program} is not on PATH", fix="gw doctor shows what is missing")


class _Lines:
    """Lines of both streams in the order they arrive; (None, False) now and then, for callers with a time limit."""

    def __init__(self, streams: Sequence[IO[str]]) -> None:
        """`streams` are standard output and, where it is apart, standard error."""
        self._queue: queue.Queue[tuple[str | None, bool]] = queue.Queue()
        self._streams = [(stream, number == 0) for number, stream in enumerate(streams)]
        self._threads = [threading.Thread(target=self._read, args=pair, daemon=True) for pair in self._streams]
        self._open = len(self._threads)
        for thread in self._threads:
            thread.start()

    def _read(self, stream: IO[str], is_output: bool) -> None:
        with contextlib.suppress(ValueError):  # `close` was quicker: the program is being ended
            for line in stream:
                self._queue.put((line.rstrip("\n"), is_output))
        self._queue.put((None, is_output))

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> tuple[str | None, bool]:
        if not self._open:
            raise StopIteration
        try:
            line, is_output = self._queue.get(timeout=0.2)
        except queue.Empty:
            return None, False
        if line is None:
            self._open -= 1
            return None, False
        return line, is_output

    def close(self) -> None:
        """Wait for the readers; their streams end with the program."""
        for thread, (stream, _) in zip(self._threads, self._streams, strict=True):
            thread.join()
            stream.close()
