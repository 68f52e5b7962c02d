"""SHA-256 of bytes, files and folders: what a bundle says that it holds, and what is compared before an apply."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

# Providers and the backend's settings, made anew by `terraform init`; Terraform checks providers against the lock file.
LEFT_OUT = frozenset({".terraform"})


def of_bytes(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def of_file(path: Path) -> str:
    """SHA-256 in hex of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files(folder: Path) -> dict[str, Path]:
    """POSIX path below `folder` → file, sorted, without `.terraform`. A link is listed like a file, never followed."""
    found = {}
    for where, folders, names in os.walk(folder):
        here = Path(where)
        if here == folder:
            folders[:] = [name for name in folders if name not in LEFT_OUT]
        linked = [name for name in folders if (here / name).is_symlink()]
        for name in (*names, *linked):
            path = here / name
            found[path.relative_to(folder).as_posix()] = path
    return dict(sorted(found.items()))


def of_folder(folder: Path) -> dict[str, str]:
    """POSIX path → SHA-256 in hex of every file below `folder`; raises ValueError for a link or a device."""
    for name, path in files(folder).items():
        if path.is_symlink() or not path.is_file():
            raise ValueError(f"{name} is no ordinary file")
    return {name: of_file(path) for name, path in files(folder).items()}


def differences(expected: Mapping[str, str], folder: Path) -> list[str]:
    """What differs in a folder, one phrase per file: "cdk.tf.json was changed"; empty where nothing does."""
    found = files(folder)
    gone = [f"{name} is missing" for name in expected.keys() - found.keys()]
    added = [f"{name} was added" for name in found.keys() - expected.keys()]
    changed = [
        f"{name} was changed"
        for name in expected.keys() & found.keys()
        if found[name].is_symlink() or not found[name].is_file() or of_file(found[name]) != expected[name]
    ]
    return sorted([*gone, *added, *changed])
