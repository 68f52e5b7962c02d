"""Start, find and stop the embedded AWS of a checkout."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field

from groundwork.errors import LocalCloudError
from localcloud import ports
from localcloud.aws.restored import Restored
from localcloud.aws.web_identity import keys_file
from localcloud.files import rotate_log, write_atomically
from localcloud.ports import HOST
from localcloud.processes import BackgroundServer, ProcessRecord, resident_mb
from localcloud.profile import Keys, Profile

DEFAULT_PORT = 4566


class Status(BaseModel):
    """A running embedded AWS. `resources` counts by account and service, `memory_mb` includes running functions.

    `problem` says why it cannot save, `exposed` why functions can read what its user can; "" where all is well.
    """

    model_config = ConfigDict(frozen=True)

    endpoint: str
    pid: int
    started_at: datetime
    restored: Restored | None = None
    resources: dict[str, dict[str, int]] = Field(default_factory=dict)
    pending_deletion: int = 0
    problem: str = ""
    exposed: str = ""
    memory_mb: float = 0
    log: Path = Path()


class LocalCloud:
    """The embedded AWS whose state lies in `work`/aws, run by the interpreter `python`."""

    def __init__(self, work: Path, python: Path) -> None:
        self._python = python
        self._folder = work.resolve() / "aws"
        self.state = self._folder / "state"
        self.log = self._folder / "server.log"
        self._record = self._folder / "server.json"
        self._profile = Profile(self._folder)
        self._server = BackgroundServer("embedded AWS", self._record, logs=[self.log], fix=f"see {self.log}")

    @property
    def keys(self) -> Keys:
        """The keys of the main account's root; raises LocalCloudError where the server was never started."""
        if keys := self._profile.keys():
            return keys
        raise LocalCloudError(f"{self._folder} has no keys for the embedded AWS", fix="gw local down && gw local up")

    def trust_issuer(self, issuer: str, jwks: Mapping[str, Any]) -> None:
        """Keep the public keys (JWKS) of an OIDC issuer (`token.actions.githubusercontent.com`), as AWS fetches them.

        Without them STS accepts no token of that issuer.
        """
        write_atomically(keys_file(self._folder / "oidc", issuer), json.dumps(jwks))

    def up(self, port: int | None = None, wait: timedelta = timedelta(seconds=60)) -> Status:
        """Start the server, or find the one that runs; returns when it answers.

        Port 0 takes any free port, None that of a server that crashed, otherwise 4566.
        Raises LocalCloudError when another program has the port, when a server already
        runs on another port, or when the server does not answer within `wait`.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock():
            running = self._server.running()
            if running is None:
                running = self._start(ports.free() if port == 0 else port or self._usual_port())
            elif port not in (None, 0, running.port):
                raise LocalCloudError(
                    f"the embedded AWS of {self._folder} already runs on port {running.port}, not {port}",
                    fix="gw local down, then start it on the other port",
                )
            _ = self.keys
            return self._await_status(running, wait)

    def status(self) -> Status | None:
        """The running server; None where none runs or where it does not answer."""
        running = self._server.running()
        return self._fetch_status(running) if running else None

    def down(self, wait: timedelta = timedelta(seconds=20)) -> bool:
        """Save and stop the server; False when none ran. A server that does not end within `wait` is killed."""
        if not self._folder.exists():
            return False
        with self._lock():
            return self._stop(wait)

    def reset(self) -> Status | None:
        """Forget everything: stop, remove the state, and start again on the same port if it ran."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock():
            running = self._server.running()
            self._stop(timedelta(seconds=5))
            for folder in (self.state, self._folder / "lambda"):
                if folder.exists():
                    shutil.rmtree(folder)
            return self._await_status(self._start(running.port), timedelta(seconds=60)) if running else None

    def _lock(self) -> FileLock:
        return FileLock(self._folder / "lock", timeout=90)

    def _usual_port(self) -> int:
        """That of a server which ended without `down`: programs and the Terraform of a deploy know it."""
        crashed = self._server.last_record()
        return crashed.port if crashed else DEFAULT_PORT

    def _start(self, port: int) -> ProcessRecord:
        _refuse_taken(port)
        rotate_log(self.log)
        self._profile.write(f"http://{HOST}:{port}")
        command = [str(self._python), "-m", "localcloud.aws", "--port", str(port), "--state", str(self.state)]
        return self._server.start(command, port=port, cwd=self._folder)

    def _stop(self, wait: timedelta) -> bool:
        stopped = self._server.stop(wait)
        self._record.unlink(missing_ok=True)
        return stopped

    def _await_status(self, process: ProcessRecord, wait: timedelta) -> Status:
        return self._server.await_answer(lambda: self._fetch_status(process), wait)

    def _fetch_status(self, process: ProcessRecord) -> Status | None:
        """What the server reports; None while it does not answer or another process answers on its port."""
        import httpx  # noqa: PLC0415 - every start of `gw` imports this file; most find no server

        try:
            answer = httpx.get(f"http://{HOST}:{process.port}/_groundwork/status", timeout=30, trust_env=False)
            report: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError):
            return None
        if answer.status_code != httpx.codes.OK or report.get("pid") != process.pid:
            return None
        return Status.model_validate({**report, "memory_mb": resident_mb(process.pid), "log": self.log})


def _refuse_taken(port: int) -> None:
    if not ports.is_free(port):
        raise LocalCloudError(
            f"port {port} of {HOST} is taken{_holder(port)}",
            fix=f"end that process, or choose another port: gw local up --port {port + 1}",
        )


def _holder(port: int) -> str:
    """' by <name> (pid N)' where the operating system reports it."""
    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp4"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return ""
