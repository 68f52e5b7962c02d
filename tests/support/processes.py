"""Watches and kills what a process under test has started, and waits for those that serve."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import httpx
import psutil


def wait_for_descendant(pid: int, name: str, *, log: Path | None = None, seconds: float = 90) -> list[psutil.Process]:
    """All descendants of a process, as soon as one of them has that name; fails, with the log, when it ends before."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and _runs(pid):
        descendants = psutil.Process(pid).children(recursive=True)
        with suppress(psutil.NoSuchProcess):  # a descendant that has ended since
            if any(process.name() == name for process in descendants):
                return descendants
        time.sleep(0.05)
    raise AssertionError(f"process {pid} started no {name}:\n{log.read_text() if log else ''}")


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for_answer(url: str, process: subprocess.Popen[str], *, status: int = 200, seconds: float = 60) -> None:
    """Wait until a server answers a GET with `status`; fails, with what it printed, when it ends before."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, process.communicate()
        with suppress(httpx.TransportError):
            if httpx.get(url).status_code == status:
                return
        time.sleep(0.1)
    raise AssertionError(f"{url} did not answer with {status}")


def kill_tree(pid: int) -> None:
    """Kill a process, then all its descendants."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.kill()


def _runs(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
