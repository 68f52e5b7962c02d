"""A folder for secret values: in memory where the machine has such a file system, and deleted afterwards."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

_PREFIX = "groundwork-private-"
_IN_MEMORY = (Path("/dev/shm"), Path(f"/run/user/{os.getuid()}" if hasattr(os, "getuid") else "/run/user"))  # noqa: S108


@contextmanager
def secure_tempdir(base: Path | None = None) -> Iterator[Path]:
    """A new folder that only its owner can open, deleted at the end.

    The folder of a killed process stays until the next process calls this. It is created below `base`: by default a
    file system in memory, or the machine's folder for temporary files.
    """
    base = base or _in_memory()
    clear_leftovers(base)
    made = Path(tempfile.mkdtemp(dir=base, prefix=f"{_PREFIX}{os.getpid()}-"))  # mode 0700
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def clear_leftovers(base: Path) -> list[Path]:
    """Delete this user's folders whose process is gone; returns them."""
    gone = []
    for path in base.glob(f"{_PREFIX}*"):
        pid = path.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            ours = path.lstat().st_uid == os.getuid() and path.is_dir() and not path.is_symlink()
        except FileNotFoundError:
            continue
        if ours and pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(path, ignore_errors=True)
            gone.append(path)
    return gone


def _in_memory() -> Path:
    for path in _IN_MEMORY:
        if os.access(path, os.W_OK | os.X_OK) and path.is_dir():
            return path
    return Path(tempfile.gettempdir())
