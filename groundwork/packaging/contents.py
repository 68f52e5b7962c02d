"""Chooses what goes into a zip: a function's own modules, and the files of its packages that it needs to run."""

from __future__ import annotations

import base64
import csv
import hashlib
from pathlib import Path, PurePosixPath

from groundwork.errors import PackagingError
from groundwork.packaging.native import check_architecture, is_native

Contents = dict[str, bytes]

# Notes of the installer, some of which differ from machine to machine.
_INSTALLER_NOTES = frozenset(
    {"RECORD", "RECORD.jws", "RECORD.p7s", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}
)


def source_files(function_dir: Path) -> Contents:
    """The function's modules as `<function>/<path>.py`. Raises PackagingError without any, or for a link outside."""
    contents: Contents = {}
    for path in sorted(function_dir.rglob("*.py")):
        inside = path.relative_to(function_dir)
        if any(part.startswith(".") or part == "__pycache__" for part in inside.parts):
            continue
        if not path.resolve().is_relative_to(function_dir.resolve()):
            raise PackagingError(f"{path} is a link out of {function_dir}", fix="put the file itself there")
        contents[f"{function_dir.name}/{inside.as_posix()}"] = path.read_bytes()
    if not contents:
        raise PackagingError(f"{function_dir} holds no Python module", fix="name a folder of lambda_src/")
    return contents


def installed_files(site: Path, *, architecture: str) -> Contents:
    """The files of the packages in the folder `site`, without tests, stubs, byte code, scripts and records.

    Raises PackagingError for a file that differs from its package's record or between two packages, that lies outside
    `site`, or that is machine code for another architecture.
    """
    contents: Contents = {}
    for name, (package, digest) in _recorded(site).items():
        path = site / name
        if "\\" in name or not path.resolve().is_relative_to(site.resolve()):
            raise PackagingError(f"{package} holds {name!r}, which leads outside", fix="do not use this wheel")
        data = path.read_bytes()
        if _record_digest(data) != digest:
            raise PackagingError(f"{name} is not the file that {package} recorded", fix="uv cache clean")
        if is_native(name, data):
            check_architecture(f"{package}: {name}", data, wanted=architecture)
        contents[name] = data
    return contents


def _recorded(site: Path) -> dict[str, tuple[str, str]]:
    """Name of each file that a function needs → the package that holds it, and the digest recorded there."""
    recorded: dict[str, tuple[str, str]] = {}
    for record in sorted(site.glob("*.dist-info/RECORD")):
        package = record.parent.name.removesuffix(".dist-info")
        for name, digest, _size in csv.reader(record.read_text(encoding="utf-8").splitlines()):
            if not _is_needed(name):
                continue
            owner, known = recorded.setdefault(name, (package, digest))
            if known != digest:
                raise PackagingError(f"{name} differs between {owner} and {package}", fix="drop one of them")
    return recorded


def _record_digest(data: bytes) -> str:
    """As RECORD writes it: https://packaging.python.org/en/latest/specifications/recording-installed-packages/."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def _is_needed(name: str) -> bool:
    parts = PurePosixPath(name).parts
    if parts[0] == "bin" or (parts[0].endswith(".dist-info") and parts[-1] in _INSTALLER_NOTES):
        return False
    # Only a `tests` folder inside a package is dropped: a package of that name may be imported.
    return not ("__pycache__" in parts or "tests" in parts[1:-1] or parts[-1].endswith((".pyc", ".pyo", ".pyi")))
