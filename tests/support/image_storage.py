"""A storage of a test's own for the engine that builds images."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def image_storage(folder: Path) -> Iterator[list[str]]:
    """The options that make buildah keep everything in the folder; what it mounts there ends with the context."""
    try:
        yield ["--root", str(folder / "store"), "--runroot", str(folder / "run"), "--storage-driver", "overlay"]
    finally:
        mounted = [Path(line.split()[1]) for line in Path("/proc/self/mounts").read_text().splitlines()]
        for each in sorted((each for each in mounted if each.is_relative_to(folder)), reverse=True):
            subprocess.run(["umount", str(each)], check=True)
