"""Builds a function's zip; when nothing changed since the last build, that takes milliseconds and no uv."""

from __future__ import annotations

import base64
import glob
import hashlib
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from groundwork.errors import PackagingError
from groundwork.files import write_atomically
from groundwork.packaging import archive
from groundwork.packaging.contents import Contents, installed_files, source_files
from groundwork.packaging.function import load_function
from groundwork.packaging.install import Uv
from groundwork.packaging.requirements import Lock, read_lock
from groundwork.packaging.target import Target

KEPT = 5
"""Zips of a function and target that stay: going back and forth between branches builds none again."""
_DIGITS = 12


@dataclass(frozen=True)
class Package:
    """A zip ready for Lambda. `sha256_base64` is what Terraform calls source_code_hash, `size` counts bytes."""

    path: Path
    sha256_base64: str
    size: int
    files: tuple[str, ...]


def build(function_dir: Path, target: Target, *, out: Path, uv: Uv | None = None) -> Package:
    """`out`/<function>-<runtime>-<architecture>-<digest>.zip, where the digest is of the sources and the lock.

    `uv` runs only when that zip does not exist. Of the zips of this function and target those KEPT stay that were built
    last. Safe to run several times at once and to kill. Raises PackagingError.
    """
    load_function(function_dir)
    sources = source_files(function_dir)
    lock = read_lock(function_dir / "requirements.txt")
    path = out / f"{function_dir.name}-{target}-{_digest(function_dir.name, sources, lock, target)[:_DIGITS]}.zip"
    earlier = _earlier_zip(path)
    if earlier is not None:
        return earlier
    packages: Contents = {}
    if lock.hashes:
        with tempfile.TemporaryDirectory(prefix="groundwork-package-") as site:
            (uv or Uv()).install(lock.path, target, into=Path(site))
            packages = installed_files(Path(site), architecture=target.architecture)
    if duplicates := sorted(sources.keys() & packages.keys()):
        raise PackagingError(
            f"{duplicates[0]} is both in lambda_src/ and in a package", fix="rename the function's folder"
        )
    data = archive.zip_bytes(sources | packages)
    # The checksum first: a zip without its checksum beside it is built again.
    write_atomically(_checksum_file(path), _sha256_base64(data))
    write_atomically(path, data)
    _prune(path, f"{function_dir.name}-{target}-")
    return _package(path, data)


def _prune(made: Path, prefix: str) -> None:
    """Delete older zips of the same function and target. Synthesised stacks hold copies, so nothing else reads them."""
    older = [path for path in made.parent.glob(f"{glob.escape(prefix)}{'[0-9a-f]' * _DIGITS}.zip") if path != made]
    for path in sorted(older, key=_built_at, reverse=True)[KEPT - 1 :]:
        path.unlink(missing_ok=True)
        _checksum_file(path).unlink(missing_ok=True)


def _built_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another build deletes, too
        return 0


def _digest(name: str, sources: Contents, lock: Lock, target: Target) -> str:
    digest = hashlib.sha256(f"{archive.FORMAT} {name} {target} {lock.digest}".encode())
    for source in sorted(sources):
        digest.update(f"\n{source} {hashlib.sha256(sources[source]).hexdigest()}".encode())
    return digest.hexdigest()


def _earlier_zip(path: Path) -> Package | None:
    """The zip of an earlier build, unless it is gone or damaged."""
    try:
        data = path.read_bytes()
        expected = _checksum_file(path).read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    return _package(path, data) if _sha256_base64(data) == expected else None


def _package(path: Path, data: bytes) -> Package:
    with zipfile.ZipFile(path) as zipped:
        return Package(path, _sha256_base64(data), len(data), tuple(zipped.namelist()))


def _checksum_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _sha256_base64(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()
