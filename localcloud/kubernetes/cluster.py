"""Start, find and stop the embedded Kubernetes of a checkout: a real control plane over nodes that run nothing."""

from __future__ import annotations

import json
import shutil
import signal
import ssl
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
from filelock import FileLock
from pydantic import BaseModel, ConfigDict
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from groundwork.errors import LocalCloudError
from localcloud import ports
from localcloud.kubernetes.api import NODES, Api
from localcloud.kubernetes.components import PROGRAMS, components
from localcloud.kubernetes.layout import ADMIN, USERS, Layout, write_private
from localcloud.memory import resident_mb
from localcloud.ports import HOST

_MAX_LOG = 5 * 1024 * 1024  # bytes; a longer log is put aside at the next start, over the one before it
_CERTIFICATE_DAYS = 300  # the API server's own certificate lasts a year; a start after this makes another


class Status(BaseModel):
    """A running embedded Kubernetes. `releases` are those of Helm, as namespace/name; memory is of all components."""

    model_config = ConfigDict(frozen=True)

    endpoint: str
    version: str
    pid: int
    kubeconfig: Path
    nodes: int
    pods: int
    pods_ready: int
    releases: list[str]
    memory_mb: float
    logs: Path


class _Process(BaseModel):
    """What is written down about the supervisor; `created` tells it from another process with the same number."""

    pid: int
    created: float
    port: int


class EmbeddedKubernetes:
    """The cluster whose state lies in `work`/kubernetes, supervised by the interpreter `python`."""

    def __init__(self, work: Path, python: Path) -> None:
        self.layout = Layout(work.resolve() / "kubernetes")
        self._python = python

    @property
    def kubeconfig(self) -> Path | None:
        """The laptop's cluster: this one while it runs, or one that the user named by putting its kubeconfig there."""
        if not self.layout.kubeconfig.is_file():
            return None
        return self.layout.kubeconfig if self._running() or not self.layout.is_ours() else None

    def up(self, programs: Mapping[str, Path], wait: timedelta = timedelta(seconds=120)) -> Status:
        """Start it, or find the one that runs; returns when pods can be scheduled. `programs`: components.binaries.

        What it held when it stopped is there again. Raises LocalCloudError where it does not get ready within `wait`,
        and then nothing is left running.
        """
        self.layout.refuse_foreign_kubeconfig()
        self.layout.prepare()
        with self._lock():
            running = self._running()
            if running:
                return self._ready(running, wait)
            self._clear_up()
            try:
                return self._ready(self._start(programs), wait)
            except BaseException:  # Ctrl-C too
                self._stop()
                raise

    def status(self) -> Status | None:
        """The running cluster; None where there is none or where it does not answer."""
        running = self._running()
        return self._ask(running) if running else None

    def down(self) -> bool:
        """End it in good order; False where none ran."""
        if not self.layout.home.exists():
            return False
        with self._lock():
            return self._stop()

    def reset(self) -> bool:
        """Stop and forget every object, credential and log; whether it ran. A kubeconfig put there by hand stays."""
        if not self.layout.home.exists():
            return False
        with self._lock():
            ran = self._stop()
            for folder in (self.layout.data, self.layout.credentials, self.layout.logs, self.layout.run):
                shutil.rmtree(folder, ignore_errors=True)
            self.layout.plan.unlink(missing_ok=True)
        return ran

    # ── the supervisor ─────────────────────────────────────────────────────────────────────────────
    def _lock(self) -> FileLock:
        return FileLock(self.layout.lock, timeout=150)

    def _record(self) -> _Process | None:
        try:
            return _Process.model_validate_json(self.layout.record.read_bytes())
        except (OSError, ValueError):
            return None

    def _running(self) -> _Process | None:
        """The supervisor that was written down, if that very process still lives."""
        process = self._record()
        if process:
            with suppress(psutil.NoSuchProcess):
                found = psutil.Process(process.pid)
                if abs(found.create_time() - process.created) < 1 and found.status() != psutil.STATUS_ZOMBIE:
                    return process
        return None

    def _start(self, programs: Mapping[str, Path]) -> _Process:
        before = self._record()
        # The port of last time where it is free, so that what somebody copied from the kubeconfig still holds.
        port = before.port if before and ports.is_free(before.port) else ports.free()
        self._renew_certificate()
        for who in USERS:
            if who != ADMIN:
                self.layout.write_kubeconfig(self.layout.component_kubeconfig(who), who, port)
        parts = [asdict(one) for one in components(programs, self.layout, port)]
        server = {
            "url": f"https://{HOST}:{port}",
            "certificate": str(self.layout.certificate),
            "token": self.layout.token(ADMIN),
        }
        told = {"server": server, "run": str(self.layout.run), "logs": str(self.layout.logs), "components": parts}
        write_private(self.layout.plan, json.dumps(told, indent=2))
        with self._log("supervisor").open("ab") as log:
            child = subprocess.Popen(
                [self._python, "-m", "localcloud.kubernetes.supervisor", str(self.layout.plan)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.layout.run,
                start_new_session=True,
            )
        process = _Process(pid=child.pid, created=psutil.Process(child.pid).create_time(), port=port)
        draft = self.layout.record.with_suffix(".new")
        draft.write_text(process.model_dump_json())
        draft.replace(self.layout.record)
        return process

    def _clear_up(self) -> None:
        """What a killed run left: a kubeconfig that leads nowhere, sockets, logs without end."""
        if self.layout.is_ours():
            self.layout.kubeconfig.unlink()
        for name in ("supervisor", *PROGRAMS):
            log = self._log(name)
            if log.exists() and log.stat().st_size > _MAX_LOG:
                log.replace(log.with_suffix(".1.log"))

    def _stop(self) -> bool:
        running = self._running()
        if self.layout.is_ours():
            self.layout.kubeconfig.unlink()
        if running is None:
            return False
        supervisor = psutil.Process(running.pid)
        children = supervisor.children(recursive=True)
        with suppress(psutil.NoSuchProcess):
            supervisor.send_signal(signal.SIGTERM)
            psutil.wait_procs([supervisor], timeout=30)
        for left in [supervisor, *children]:
            # is_running() compares start times too: a number that was given to another process is left alone.
            with suppress(psutil.NoSuchProcess):
                if left.is_running():
                    left.kill()
        psutil.wait_procs([supervisor, *children], timeout=5)
        return True

    # ── what it says ───────────────────────────────────────────────────────────────────────────────
    def _ready(self, process: _Process, wait: timedelta) -> Status:
        """The status as soon as pods can be scheduled."""

        def schedules() -> bool:
            if self._running() is None:
                raise LocalCloudError(
                    f"the embedded Kubernetes ended while it started:\n{self._log_ends()}",
                    fix=f"see {self.layout.logs}; gw local reset forgets everything it holds",
                )
            return self._schedules(process)

        attempts = Retrying(
            stop=stop_after_delay(wait), wait=wait_fixed(0.1), retry=retry_if_result(lambda ready: not ready)
        )
        try:
            attempts(schedules)
        except RetryError as error:
            raise LocalCloudError(
                f"the embedded Kubernetes was not ready within {wait.total_seconds():.0f} s:\n{self._log_ends()}",
                fix=f"see {self.layout.logs}; gw local reset forgets everything it holds",
            ) from error
        self.layout.write_kubeconfig(self.layout.kubeconfig, ADMIN, process.port)
        status = self._ask(process)
        if status is None:
            raise LocalCloudError("the embedded Kubernetes stopped answering", fix=f"see {self.layout.logs}")
        return status

    def _schedules(self, process: _Process) -> bool:
        with suppress(httpx.HTTPError, OSError, ssl.SSLError), Api(self.layout, process.port) as api:
            if api.serves():
                api.add_nodes()
                since = datetime.fromtimestamp(process.created, UTC)
                return api.ready_nodes(since) == len(NODES) and api.controllers_work()
        return False

    def _ask(self, process: _Process) -> Status | None:
        with suppress(httpx.HTTPError, OSError, ssl.SSLError), Api(self.layout, process.port) as api:
            ready, pods = api.pods()
            return Status(
                endpoint=f"https://{HOST}:{process.port}",
                version=api.version(),
                pid=process.pid,
                kubeconfig=self.layout.kubeconfig,
                nodes=api.ready_nodes(),
                pods=pods,
                pods_ready=ready,
                releases=api.releases(),
                memory_mb=resident_mb(process.pid),
                logs=self.layout.logs,
            )
        return None

    def _log(self, name: str) -> Path:
        return self.layout.logs / f"{name}.log"

    def _log_ends(self) -> str:
        """The last lines of the supervisor and of the API server."""
        lines: list[str] = []
        for name in ("supervisor", "kube-apiserver"):
            with suppress(OSError):
                last = self._log(name).read_text(errors="replace").splitlines()[-5:]
                lines += [f"{name}: {line}" for line in last]
        return "\n".join(lines)

    def _renew_certificate(self) -> None:
        with suppress(OSError):
            if time.time() - self.layout.certificate.stat().st_mtime > _CERTIFICATE_DAYS * 86400:
                self.layout.certificate.unlink()
                self.layout.certificate.with_suffix(".key").unlink()
