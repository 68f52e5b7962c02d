"""Downloads one pinned file, checks its SHA-256 and only then moves it into place, in one step."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from groundwork.errors import ToolMissing

_CHUNK = 1 << 18  # bytes
_REPORT = 2.0  # seconds between two lines of progress


def member_of_archive(url: str, *, sha256: str, member: str, to: Path, on_progress: Callable[[str], None]) -> None:
    """Put the executable `member` of the archive at `url`, a zip or a tar.gz, to `to`.

    Raises ToolMissing where the archive is not available or does not have this SHA-256; `to` is then unchanged.
    Killed midway, it leaves a temporary folder beside `to` that the next download removes.
    """
    for stale in to.parent.glob(".download-*"):
        shutil.rmtree(stale, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".download-", dir=to.parent) as folder:
        archive = Path(folder) / "archive"
        received = _fetch(url, archive, on_progress)
        if received != sha256:
            raise ToolMissing(
                f"{url} has the SHA-256 {received}, but {sha256} is committed: truncated or not the release",
                fix="try again; if it fails again, compare both with the publisher's list of checksums",
            )
        unpacked = Path(folder) / "unpacked" / member
        if url.endswith(".tar.gz"):
            with tarfile.open(archive) as tar:
                tar.extract(member, unpacked.parent, filter="data")
        else:
            with zipfile.ZipFile(archive) as opened:
                opened.extract(member, unpacked.parent)
        unpacked.chmod(0o755)
        unpacked.replace(to)


def _fetch(url: str, to: Path, on_progress: Callable[[str], None]) -> str:
    """Write the body of `url` to `to`; returns its SHA-256."""
    import httpx  # noqa: PLC0415 - every start of `gw` imports this file, and hardly any downloads

    digest, done, reported = hashlib.sha256(), 0, time.monotonic()
    fix = "check the network, or put the program on PATH yourself"
    timeout = httpx.Timeout(60, connect=10)  # seconds; a firewall may not answer at all
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=timeout) as answer, to.open("wb") as file:
            if answer.status_code != httpx.codes.OK:
                raise ToolMissing(f"{url} answered {answer.status_code} {answer.reason_phrase}", fix=fix)
            total = int(answer.headers.get("content-length", 0))
            on_progress(f"downloading {url} ({total / 1e6:.0f} MB)")
            for chunk in answer.iter_bytes(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
                done += len(chunk)
                if time.monotonic() - reported > _REPORT:
                    reported = time.monotonic()
                    on_progress(f"{done / 1e6:.0f} of {total / 1e6:.0f} MB")
            file.flush()
            os.fsync(file.fileno())
    except httpx.HTTPError as error:
        raise ToolMissing(f"{url} cannot be downloaded: {error}", fix=fix) from error
    return digest.hexdigest()
