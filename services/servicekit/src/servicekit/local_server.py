"""A server program on loopback for tests, benchmarks and development: started, waited for, and ended for certain."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self


class LocalServer(ABC):
    """A program that writes to `log`, in `folder` if there is one. As a context it runs while the context lasts."""

    program: ClassVar[str]
    ended_by: ClassVar[signal.Signals]

    def __init__(self, log: Path, *, folder: Path | None = None) -> None:
        self._log = log
        self._working_folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> Sequence[str]:
        """What is run."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it can be used; waits a second at most."""

    def variables(self) -> Mapping[str, str]:
        """Further environment variables."""
        return {}

    def start(self) -> None:
        """Start the server and wait until it answers. Raises RuntimeError with its log when it does not."""
        with self._log.open("ab") as output:
            environment = {**os.environ, **self.variables()}
            self._process = subprocess.Popen(
                self.command(), env=environment, stdout=output, stderr=output, cwd=self._working_folder
            )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            if self.answers():
                return
            time.sleep(0.02)
        raise RuntimeError(f"{self.program} did not start:\n{self._log.read_text()}")

    def kill(self, kind: signal.Signals | None = None) -> None:
        """End the server, by its own signal or another one."""
        if self._process is not None:
            self._process.send_signal(kind or self.ended_by)
            self._process.wait(30)
            self._process = None

    def stop(self) -> None:
        """End the server and delete its log."""
        self.kill()
        self._log.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """A server that answers."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.stop()
