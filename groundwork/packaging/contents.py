"""What goes into a zip: a function's own modules and its wheels, by name, with everything else left behind."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from groundwork.errors import PackagingError
from groundwork.packaging.native import check_architecture, is_native

Contents = dict[str, bytes]

# How an installation came about, not what it is; some of it differs from machine to machine.
_RECORDS = frozenset({"RECORD", "RECORD.jws", "RECORD.p7s", "INSTALLER", "REQUESTED", "direct_url.json"})
_INSTALLED_AT_ROOT = frozenset({"purelib", "platlib"})


def source_files(function_dir: Path) -> Contents:
    """The function's modules as `<function>/<path>.py`. Raises PackagingError when there are none, or for a link."""
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


def wheel_files(wheel: Path, *, architecture: str) -> Contents:
    """What installing `wheel` would put on the path, without tests, stubs, byte code and installation records.

    Raises PackagingError for a broken wheel, a name that leads outside, a link, or code of another architecture.
    """
    contents: Contents = {}
    try:
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.infolist():
                if entry.is_dir():
                    continue
                _check_entry(wheel, entry)
                name = _installed_name(entry.filename)
                if name is None:
                    continue
                data = archive.read(entry)
                if is_native(name, data):
                    check_architecture(f"{wheel.name}: {name}", data, wanted=architecture)
                contents[name] = data
    except zipfile.BadZipFile as error:
        raise PackagingError(
            f"{wheel} is not a readable wheel: {error}", fix="delete it; it is fetched again"
        ) from error
    return contents


def merge(parts: Iterable[tuple[str, Contents]]) -> Contents:
    """All of `parts` (a label and its contents) in one; raises PackagingError when two differ about a file."""
    merged: Contents = {}
    owner: dict[str, str] = {}
    for label, contents in parts:
        for name, data in contents.items():
            if merged.setdefault(name, data) != data:
                raise PackagingError(f"{name} is in {owner[name]} and, different, in {label}", fix="drop one of them")
            owner.setdefault(name, label)
    return merged


def _installed_name(name: str) -> str | None:
    """Where an installer puts a wheel's entry, relative to the path; None for what the function does not need."""
    parts = PurePosixPath(name).parts
    if parts[0].endswith(".data"):
        if len(parts) < 3 or parts[1] not in _INSTALLED_AT_ROOT:
            return None  # scripts, headers and data files
        parts = parts[2:]
    if parts[0].endswith(".dist-info") and parts[-1] in _RECORDS:
        return None
    # Only a `tests` folder inside a package: a package of that name would be imported by somebody.
    if "__pycache__" in parts or "tests" in parts[1:-1] or parts[-1].endswith((".pyc", ".pyo", ".pyi")):
        return None
    return "/".join(parts)


def _check_entry(wheel: Path, entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    parts = name.split("/")
    if "\\" in name or "\0" in name or ":" in parts[0] or any(part in {"", ".", ".."} for part in parts):
        raise PackagingError(f"{wheel.name} holds {name!r}, which leads outside", fix="do not use this wheel")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise PackagingError(f"{wheel.name} holds the link {name!r}", fix="do not use this wheel")
