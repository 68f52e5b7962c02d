"""What a function prints, collected line by line as it comes."""

from __future__ import annotations

import os
import select
import threading
from typing import IO

from localcloud.aws.lambda_logs import now_ms


class FunctionOutput:
    """The printed lines of one process; `follow` reads them in a thread until the process has closed its output.

    Both threads read without waiting and under one lock, so that `take` has all that was printed before it was called,
    however busy the machine is.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._descriptor = stream.fileno()
        os.set_blocking(self._descriptor, False)
        self._lock = threading.Lock()
        self._lines: list[tuple[int, str]] = []
        self._unfinished = b""
        self._open = True

    def follow(self) -> None:
        """Read until the process has closed its output, and close this end."""
        while self._open:
            select.select([self._descriptor], [], [])
            with self._lock:
                self._read()
        self._stream.close()

    def take(self) -> list[tuple[int, str]]:
        """What it printed since the last call: (milliseconds since the epoch, line). An unfinished line counts."""
        with self._lock:
            self._read()
            self._add([self._unfinished] if self._unfinished else [])
            self._unfinished = b""
            lines, self._lines = self._lines, []
        return lines

    def _read(self) -> None:
        while self._open:
            try:
                read = os.read(self._descriptor, 65_536)
            except BlockingIOError:
                return
            self._open = bool(read)
            *lines, self._unfinished = (self._unfinished + read).split(b"\n")
            self._add(lines)

    def _add(self, lines: list[bytes]) -> None:
        now = now_ms()
        self._lines += [(now, line.decode(errors="replace")) for line in lines]
