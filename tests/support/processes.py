"""Watches and kills what a process under test has started."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

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


def kill_tree(pid: int) -> None:
    """Kill a process, then all its descendants."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.kill()


def _runs(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
