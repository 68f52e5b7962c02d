"""Chooses what goes into a zip: a function's own modules, and the files of its packages that it needs to run."""

from __future__ import annotations

import base64
import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from groundwork.errors import PackagingError
from groundwork.packaging.function import FILE_NAME
from groundwork.packaging.native import check_architecture, is_native

Contents = dict[str, bytes]

# Notes of the installer, some of which differ from machine to machine.
_INSTALLER_NOTES = frozenset(
    {"RECORD", "RECORD.jws", "RECORD.p7s", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}
)

_BYTE_CODE = frozenset({".pyc", ".pyo"})
_READ_HERE = frozenset({FILE_NAME, "requirements.in", "requirements.txt"})
"""Files at the top of a function's folder that only packaging reads."""


def source_files(function_dir: Path) -> Contents:
    """The function's files as `<function>/<path>`: modules, and what they read (templates, schemas).

    Left out are hidden files, byte code, and what only packaging reads. Raises PackagingError without any module, and
    for what a zip cannot hold as it is: a linked folder, a link out of the function's folder or to nothing, a device.
    """
    contents = {f"{function_dir.name}/{name}": data for name, data in _files(function_dir, function_dir)}
    if not any(name.endswith(".py") for name in contents):
        raise PackagingError(f"{function_dir} holds no Python module", fix="name a folder of lambda_src/")
    return contents


def _files(folder: Path, function_dir: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.iterdir()):
        name = path.relative_to(function_dir).as_posix()
        if path.name.startswith(".") or path.name == "__pycache__" or path.suffix in _BYTE_CODE or name in _READ_HERE:
            continue
        if path.is_symlink() and path.is_dir():
            raise PackagingError(f"{path} is a linked folder", fix="put the folder itself there, or package it")
        if path.is_dir():
            yield from _files(path, function_dir)
        elif not path.resolve().is_relative_to(function_dir.resolve()):
            raise PackagingError(f"{path} is a link out of {function_dir}", fix="put the file itself there")
        elif not path.is_file():
            raise PackagingError(f"{path} is a link to nothing, or no file", fix="delete it")
        else:
            yield name, path.read_bytes()


def installed_files(site: Path, *, architecture: str) -> Contents:
    """The files of the packages in the folder `site`, without stubs, byte code, scripts and records.

    Tests stay: some packages import their own.

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
    return "__pycache__" not in parts and PurePosixPath(name).suffix not in {*_BYTE_CODE, ".pyi"}
