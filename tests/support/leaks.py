"""Where a secret that a test planted turns up among files."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path


def texts(out: Path) -> Iterator[tuple[str, bytes]]:
    """Every file, and every file inside a zip, which a plan of Terraform is too."""
    for path in sorted(out.rglob("*")):
        name = str(path.relative_to(out))
        if path.is_symlink() or not path.is_file():
            continue
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for member in archive.namelist():
                    yield f"{name}!{member}", archive.read(member)
        else:
            yield name, path.read_bytes()


def leaks(out: Path, canaries: list[str]) -> list[str]:
    """Files that hold one of the canaries."""
    return [f"{name}: {canary}" for name, text in texts(out) for canary in canaries if canary.encode() in text]
