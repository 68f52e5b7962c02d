"""A Postgres for tests of pods, run by the services' own Python: the tool's packages have none."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Self

import pytest

_PROGRAM = """
import sys
from servicekit.testing import PostgresServer
with PostgresServer(fsync=True) as server:
    server.create("app")
    print(server.port, flush=True)
    for line in sys.stdin:
        {"kill": server.kill, "start": server.start}[line.strip()]()
        print("done", flush=True)
"""


class Database:
    """A server on loopback with an empty database `app`, as a context. Its user is `ledger`, without password."""

    def __init__(self, checkout: Path) -> None:
        services = checkout / "services"
        python = services / ".venv" / "bin" / "python"
        if not python.exists():
            pytest.skip("the services' packages are not installed; `tools/setup.sh services` installs them")
        self._process = subprocess.Popen(
            [str(python), "-c", _PROGRAM], cwd=services, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.port = int(self._line())

    def kill(self) -> None:
        """End the server."""
        self._say("kill")

    def start(self) -> None:
        """Start it again, with all that was committed."""
        self._say("start")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)

    def _say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        assert self._line() == "done\n"

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the database's program ended"
        return line
