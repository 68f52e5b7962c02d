"""Start, find and stop the embedded AWS of a checkout."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from groundwork.errors import LocalCloudError
from localcloud import ports
from localcloud.aws.web_identity import keys_file
from localcloud.memory import resident_mb
from localcloud.ports import HOST

DEFAULT_PORT = 4566
_MAX_LOG = 5 * 1024 * 1024  # bytes; a longer log is put aside at the next start, over the one before it


class Restored(BaseModel):
    """What a server found on disk when it started."""

    model_config = ConfigDict(frozen=True)

    services: int = 0
    resources: int = 0
    replayed: int = 0
    age_seconds: float = 0
    set_aside: str = ""


class Status(BaseModel):
    """A running embedded AWS. `resources` counts by account and service, `memory_mb` includes running functions."""

    model_config = ConfigDict(frozen=True)

    endpoint: str
    pid: int
    started_at: datetime
    restored: Restored | None = None
    resources: dict[str, dict[str, int]] = Field(default_factory=dict)
    pending_deletion: int = 0
    problem: str = ""
    memory_mb: float = 0
    log: Path = Path()


class _Process(BaseModel):
    """What is written down about the server process; `created` tells it from another process with the same number."""

    pid: int
    created: float
    port: int


class LocalCloud:
    """The embedded AWS whose state lies in `work`/aws, run by the interpreter `python`."""

    def __init__(self, work: Path, python: Path) -> None:
        self._folder = work.resolve() / "aws"
        self._python = python

    @property
    def state(self) -> Path:
        """The folder of the saved state."""
        return self._folder / "state"

    @property
    def log(self) -> Path:
        """What the server writes."""
        return self._folder / "server.log"

    @property
    def _pid_file(self) -> Path:
        return self._folder / "server.json"

    def trust_issuer(self, issuer: str, jwks: Mapping[str, Any]) -> None:
        """Keep the public keys (JWKS) of an OIDC issuer (`token.actions.githubusercontent.com`), as AWS fetches them.

        Without them STS takes no token of that issuer.
        """
        file = keys_file(self._folder / "oidc", issuer)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(jwks), encoding="utf-8")

    def up(self, port: int | None = None, wait: timedelta = timedelta(seconds=60)) -> Status:
        """Start the server, or find the one that runs; returns when it answers.

        Port 0 takes any free port. Raises LocalCloudError when the port belongs to someone else, when a server already
        runs on another port than asked for, or when the server does not answer within `wait`.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock():
            running = self._running()
            if running:
                if port not in (None, 0, running.port):
                    raise LocalCloudError(
                        f"the embedded AWS of {self._folder} already runs on port {running.port}, not {port}",
                        fix="gw local down, then start it on the other port",
                    )
                return self._ready(running, wait)
            return self._ready(self._start(ports.free() if port == 0 else port or DEFAULT_PORT), wait)

    def status(self) -> Status | None:
        """The running server, None when there is none or when it does not answer."""
        running = self._running()
        return self._ask(running) if running else None

    def down(self, wait: timedelta = timedelta(seconds=20)) -> bool:
        """Save and end the server; False when none ran. One that does not end within `wait` is killed."""
        if not self._folder.exists():
            return False
        with self._lock():
            return self._stop(wait)

    def reset(self) -> Status | None:
        """Forget everything: stop, remove the state, and start again on the same port if it ran."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock():
            running = self._running()
            self._stop(timedelta(seconds=5))
            _remove(self.state)
            _remove(self._folder / "lambda")
            return self._ready(self._start(running.port), timedelta(seconds=60)) if running else None

    def _lock(self) -> FileLock:
        return FileLock(self._folder / "lock", timeout=90)

    def _running(self) -> _Process | None:
        """The server process that was written down, if that very process still lives."""
        try:
            process = _Process.model_validate_json(self._pid_file.read_bytes())
        except (OSError, ValueError):
            return None
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(process.pid)
            if abs(found.create_time() - process.created) < 1 and found.status() != psutil.STATUS_ZOMBIE:
                return process
        return None

    def _start(self, port: int) -> _Process:
        _refuse_taken(port)
        if self.log.exists() and self.log.stat().st_size > _MAX_LOG:
            self.log.replace(self.log.with_suffix(".1.log"))
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                [self._python, "-m", "localcloud.aws", "--port", str(port), "--state", str(self.state)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,
            )
        process = _Process(pid=child.pid, created=psutil.Process(child.pid).create_time(), port=port)
        _write_atomically(self._pid_file, process.model_dump_json())
        return process

    def _ready(self, process: _Process, wait: timedelta) -> Status:
        """The status as soon as the server answers."""

        def ask() -> Status | None:
            if self._running() is None:
                raise LocalCloudError(
                    f"the embedded AWS ended while it started:\n{self._log_end()}", fix=f"see {self.log}"
                )
            return self._ask(process)

        attempts = Retrying(
            stop=stop_after_delay(wait), wait=wait_fixed(0.1), retry=retry_if_result(lambda status: status is None)
        )
        try:
            status = attempts(ask)
        except RetryError as error:
            raise LocalCloudError(
                f"the embedded AWS did not answer on port {process.port} within {wait.total_seconds():.0f} s",
                fix=f"see {self.log}",
            ) from error
        assert status is not None  # noqa: S101  retry_if_result lets nothing else through
        return status

    def _ask(self, process: _Process) -> Status | None:
        """What the server says about itself, None when it is not (yet) ours that answers."""
        try:
            answer = httpx.get(f"http://{HOST}:{process.port}/_groundwork/status", timeout=30, trust_env=False)
            said: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError):
            return None
        if answer.status_code != httpx.codes.OK or said.get("pid") != process.pid:
            return None
        return Status.model_validate({**said, "memory_mb": resident_mb(process.pid), "log": self.log})

    def _stop(self, wait: timedelta) -> bool:
        running = self._running()
        if running is None:
            self._pid_file.unlink(missing_ok=True)
            return False
        process = psutil.Process(running.pid)
        children = process.children(recursive=True)
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGTERM)
            _await_end([process], wait)
        for left in [process, *children]:
            # is_running() compares start times too: a number that was given to another process is left alone.
            with suppress(psutil.NoSuchProcess):
                if left.is_running():
                    left.kill()
        _await_end([process, *children], timedelta(seconds=5))
        self._pid_file.unlink(missing_ok=True)
        return True

    def _log_end(self) -> str:
        with suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        return ""


def _await_end(processes: list[psutil.Process], wait: timedelta) -> None:
    """Wait until all have ended; reaps those that are children of this process."""
    _, alive = psutil.wait_procs(processes, timeout=wait.total_seconds())
    end = time.monotonic() + 1
    while alive and time.monotonic() < end and all(_is_zombie(process) for process in alive):
        time.sleep(0.05)


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _refuse_taken(port: int) -> None:
    if not ports.is_free(port):
        raise LocalCloudError(
            f"port {port} of {HOST} is taken{_holder(port)}",
            fix=f"end that process, or choose another port: gw local up --port {port + 1}",
        )


def _holder(port: int) -> str:
    """' by <name> (pid N)' where the system tells."""
    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp4"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return ""


def _write_atomically(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(text)
    draft.replace(path)


def _remove(folder: Path) -> None:
    import shutil  # noqa: PLC0415

    if folder.exists():
        shutil.rmtree(folder)
