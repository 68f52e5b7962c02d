"""A small disk that can be filled, and folders that lose the right to be written to."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SIZE = "64m"
_FILL = "fill"


@contextmanager
def small_disk(folder: Path) -> Iterator[str]:
    """Mount a small disk at `folder` for the time of the context; yields why that is impossible, else ""."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        yield done.stderr.strip()
    finally:
        if not done.returncode:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def is_small(folder: Path) -> bool:
    """Whether a folder is on such a disk, so that filling it harms nobody else."""
    return shutil.disk_usage(folder).total <= 1 << 26


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Fill the disk that `folder` is on, for the time of the context."""
    assert is_small(folder), f"{folder} is not on a small disk"
    file = folder / _FILL
    with file.open("wb", buffering=0) as stream:
        block = 1 << 20
        while block:
            try:
                stream.write(b"\0" * block)
            except OSError:
                block //= 2
    try:
        yield
    finally:
        file.unlink()


@contextmanager
def read_only(*folders: Path) -> Iterator[None]:
    """Take the right to write to everything in these folders, for the time of the context."""
    paths = [path for folder in folders for path in (folder, *folder.rglob("*")) if not path.is_symlink()]
    modes = {path: path.stat().st_mode for path in paths}
    try:
        for path, mode in modes.items():
            path.chmod(mode & ~0o222)
        yield
    finally:
        for path, mode in modes.items():
            if path.exists():
                path.chmod(mode)


def without_privileges() -> list[str]:
    """What to put before a command so that permissions hold for it, also where root runs it."""
    if os.geteuid():
        return []
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
