"""Runs the components of the embedded Kubernetes, starts one again that ends, and ends all of them with itself.

`python -m localcloud.kubernetes.supervisor PLAN`, where PLAN is the JSON that cluster.py wrote. Components start
no programs of their own, so that telling the kernel to kill them with this process covers kill -9 as well.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_POLL = 0.2  # seconds between two looks at the components
_ENDS, _WITHIN = 5, 60.0  # a component that ends so often within so many seconds will not recover
_GRACE = 8.0  # seconds between SIGTERM and SIGKILL; the API server finishes what it was asked
_FIRST = ("etcd", "kube-apiserver")  # the others give up where these do not answer


@dataclass
class Running:
    """A component and its process."""

    name: str
    command: list[str]
    clears: str
    log: Path
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    ends: deque[float] = field(default_factory=lambda: deque(maxlen=_ENDS))

    def start(self) -> None:
        """Begin it, also once more."""
        supervisor = os.getpid()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                # Nothing of the caller's shell decides what a component does.
                env={"PATH": os.defpath, "HOME": str(self.folder), "TMPDIR": str(self.folder)},
                preexec_fn=lambda: _end_with(supervisor),  # noqa: PLW1509 (this process has one thread)
            )  # fmt: skip

    def ended(self) -> bool:
        """Whether it was started and is no more."""
        return self.process is not None and self.process.poll() is not None

    def hopeless(self) -> bool:
        """Note one more end; whether there were too many in a short time."""
        self.ends.append(time.monotonic())
        return len(self.ends) == _ENDS and self.ends[-1] - self.ends[0] < _WITHIN


@dataclass(frozen=True)
class _Server:
    """The API server, asked as `token` says."""

    url: str
    certificate: str
    token: str

    def ready(self) -> bool:
        """Whether everything in it has started: the other components complain at length before that."""
        return self._ask("GET", "/readyz")

    def clear(self, path: str) -> bool:
        """Delete all objects of a collection."""
        return self._ask("DELETE", path)

    def _ask(self, method: str, path: str) -> bool:
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            trust = ssl.create_default_context(cafile=self.certificate)
            request = urllib.request.Request(self.url + path, headers=headers, method=method)  # noqa: S310
            opener = urllib.request.build_opener(
                urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
            )
            with opener.open(request, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:  # what urllib and ssl raise are its subclasses
            return False


def main(plan: Path) -> int:
    """Run until SIGTERM; 1 where a component does not stay alive."""
    told: dict[str, Any] = json.loads(plan.read_text())
    logs = Path(told["logs"])
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    parts = [
        Running(one["name"], one["command"], one["clears"], logs / f"{one['name']}.log", Path(told["run"]))
        for one in told["components"]
    ]
    try:
        return _supervise(parts, _Server(**told["server"]), stopping)
    finally:
        _end(parts)


def _supervise(parts: list[Running], server: _Server, stopping: threading.Event) -> int:
    due = list(parts)
    while not stopping.wait(_POLL):
        for part in list(due):
            if part.name in _FIRST or (server.ready() and (not part.clears or server.clear(part.clears))):
                part.start()
                due.remove(part)
        for part in (part for part in parts if part not in due and part.ended()):
            _say(f"{part.name} ended with {part.process.returncode if part.process else ''}")
            if part.hopeless():
                _say(f"{part.name} does not stay alive: giving up; its log says why")
                return 1
            if stopping.wait(1.0):
                return 0
            due.append(part)
    return 0


def _end(parts: list[Running]) -> None:
    """Last started first: the clients, then the API server, then etcd, which keeps what the others wrote."""
    clients = [part for part in parts if part.name not in _FIRST]
    for group in (clients, *([part] for name in reversed(_FIRST) for part in parts if part.name == name)):
        alive = [part.process for part in group if part.process and part.process.poll() is None]
        for process in alive:
            process.terminate()
        until = time.monotonic() + _GRACE
        for process in alive:
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _end_with(supervisor: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != supervisor:  # it was killed before the kernel knew
        os._exit(1)


def _say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
