"""SHA-256 of bytes, files and folders: a bundle lists them, and they are compared before an apply."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

# `terraform init` creates it again, and checks the providers in it against the lock file.
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
    listed = {}
    for where, folders, names in os.walk(folder):
        here = Path(where)
        if here == folder:
            folders[:] = [name for name in folders if name not in LEFT_OUT]
        linked = [name for name in folders if (here / name).is_symlink()]
        for name in (*names, *linked):
            path = here / name
            listed[path.relative_to(folder).as_posix()] = path
    return dict(sorted(listed.items()))


def of_folder(folder: Path) -> dict[str, str]:
    """POSIX path → SHA-256 in hex of every file below `folder`; raises ValueError for a link or a device."""
    for name, path in files(folder).items():
        if path.is_symlink() or not path.is_file():
            raise ValueError(f"{name} is not a regular file")
    return {name: of_file(path) for name, path in files(folder).items()}


def differences(expected: Mapping[str, str], folder: Path) -> list[str]:
    """What differs in a folder, a phrase for each file: "cdk.tf.json was changed"; empty where nothing does."""
    present = files(folder)
    missing = [f"{name} is missing" for name in expected.keys() - present.keys()]
    added = [f"{name} was added" for name in present.keys() - expected.keys()]
    changed = [
        f"{name} was changed"
        for name in expected.keys() & present.keys()
        if present[name].is_symlink() or not present[name].is_file() or of_file(present[name]) != expected[name]
    ]
    return sorted([*missing, *added, *changed])
