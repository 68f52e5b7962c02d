"""Runs the components of the embedded Kubernetes: restarts what ends, and ends all of them with itself.

`python -m localcloud.kubernetes.supervisor PLAN`, where PLAN is the JSON that cluster.py wrote. The kernel kills the
components with this process, kill -9 included. They start no programs of their own, which would survive.
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
_MAX_ENDS, _WITHIN = 5, 60.0  # a component that ends so often within so many seconds will not recover
_GRACE = 8.0  # seconds between SIGTERM and SIGKILL; the API server finishes its requests
_SERVERS = ("etcd", "kube-apiserver")  # in this order; the others give up where these do not answer


@dataclass
class Component:
    """A component and its process. `clears`: see components.Component."""

    name: str
    command: list[str]
    clears: str
    log: Path
    folder: Path
    path: str
    process: subprocess.Popen[bytes] | None = None
    ends: deque[float] = field(default_factory=lambda: deque(maxlen=_MAX_ENDS))

    def start(self) -> None:
        """Start it, for the first time or again."""
        supervisor = os.getpid()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                # Nothing of the caller's shell decides what a component does.
                env={"PATH": self.path, "HOME": str(self.folder), "TMPDIR": str(self.folder)},
                preexec_fn=lambda: end_with(supervisor),  # noqa: PLW1509 (this process has one thread)
            )  # fmt: skip

    def has_ended(self) -> bool:
        """Whether it was started and runs no longer."""
        return self.process is not None and self.process.poll() is not None

    def ends_too_often(self) -> bool:
        """Record that it ended just now; whether that happened too often to start it again."""
        self.ends.append(time.monotonic())
        return len(self.ends) == _MAX_ENDS and self.ends[-1] - self.ends[0] < _WITHIN


@dataclass(frozen=True)
class _ApiServer:
    """The API server; `token` signs in."""

    url: str
    certificate: str
    token: str

    def is_ready(self) -> bool:
        """Whether everything in it has started: the other components complain at length before that."""
        return self._request("GET", "/readyz")

    def clear(self, path: str) -> bool:
        """Delete all objects of a collection; whether that worked."""
        return self._request("DELETE", path)

    def _request(self, method: str, path: str) -> bool:
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


def main(plan_file: Path) -> int:
    """Run until SIGTERM; 1 where a component does not stay alive."""
    plan: dict[str, Any] = json.loads(plan_file.read_text())
    logs, folder = Path(plan["logs"]), Path(plan["run"])
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    components = [
        Component(**each, log=logs / f"{each['name']}.log", folder=folder, path=plan["path"])
        for each in plan["components"]
    ]
    try:
        return _supervise(components, _ApiServer(**plan["server"]), stopping)
    finally:
        _end(components)


def _supervise(components: list[Component], server: _ApiServer, stopping: threading.Event) -> int:
    waiting = list(components)  # to be started
    while not stopping.wait(_POLL):
        for component in list(waiting):
            if component.name in _SERVERS or (
                server.is_ready() and (not component.clears or server.clear(component.clears))
            ):
                component.start()
                waiting.remove(component)
        for component in (each for each in components if each not in waiting and each.has_ended()):
            _log(f"{component.name} ended with {component.process.returncode if component.process else ''}")
            if component.ends_too_often():
                _log(f"{component.name} does not stay alive: giving up; its log says why")
                return 1
            if stopping.wait(1.0):
                return 0
            waiting.append(component)
    return 0


def _end(components: list[Component]) -> None:
    """Last started first: the clients, then the API server, then etcd, which keeps what the others wrote."""
    clients = [component for component in components if component.name not in _SERVERS]
    servers = [[component] for name in reversed(_SERVERS) for component in components if component.name == name]
    for group in (clients, *servers):
        alive = [component.process for component in group if component.process and not component.has_ended()]
        for process in alive:
            process.terminate()
        until = time.monotonic() + _GRACE
        for process in alive:
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def end_with(parent: int) -> None:
    """Tie this process, which `parent` has just forked, to it: the kernel kills one with the other."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the kernel knew
        os._exit(1)


def _log(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
