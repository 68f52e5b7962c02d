"""Files of the embedded servers: written whole or not at all, and logs that do not grow without end."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_MAX_LOG = 5 * 1024 * 1024  # bytes


def write_atomically(path: Path, content: str | bytes, *, mode: int = 0o666) -> None:
    """Replace a file in one step and flush it to the disk: a crash at any moment leaves the old file or the new one.

    The file never has more permissions than `mode` (less the umask). Makes missing folders.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)  # on a full disk half a file would take the place that is needed
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def rotate_log(log: Path) -> None:
    """Move a log of more than 5 MiB to NAME.1.log, over the one that was moved before."""
    if log.exists() and log.stat().st_size > _MAX_LOG:
        log.replace(log.with_suffix(".1.log"))


def last_lines(log: Path, count: int) -> list[str]:
    """The last `count` lines of a log; empty where it cannot be read."""
    with suppress(OSError):
        return log.read_text(errors="replace").splitlines()[-count:]
    return []
