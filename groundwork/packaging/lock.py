"""Makes requirements.txt from requirements.in: one version of each package for all targets, with hashes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from groundwork.errors import PackagingError
from groundwork.files import write_atomically
from groundwork.packaging.install import Uv
from groundwork.packaging.requirements import Lock, parse_lock, read_lock
from groundwork.packaging.target import ALL_TARGETS, Target

_HEADER = """\
# Made from requirements.in by `gw package --lock`; do not edit.
# One version of everything for {targets}.
# No package index is named: uv's configuration decides where the wheels come from.
"""


def write_lock(function_dir: Path, *, targets: Sequence[Target] = ALL_TARGETS, uv: Uv | None = None) -> Lock:
    """Resolves requirements.in for each of `targets` and writes requirements.txt beside it.

    Raises PackagingError when a target has no wheel, or when two targets would get different versions or packages.
    """
    source = function_dir / "requirements.in"
    if not source.is_file():
        raise PackagingError(f"{source} does not exist", fix="create it; an empty file means no dependencies")
    uv = uv or Uv()
    empty = not any(line.split("#")[0].strip() for line in source.read_text(encoding="utf-8").splitlines())
    locks = {} if empty else {target: parse_lock(source, uv.resolve(source, target)) for target in targets}
    lines = [_HEADER.format(targets=", ".join(map(str, targets)))]
    for name in sorted({name for lock in locks.values() for name in lock.versions}):
        version = _common_version(source, name, locks)
        hashes = sorted({value for lock in locks.values() for value in lock.hashes[name]})
        lines.append(f"{name}=={version} \\\n" + " \\\n".join(f"    --hash=sha256:{value}" for value in hashes) + "\n")
    path = function_dir / "requirements.txt"
    write_atomically(path, "".join(lines))
    return read_lock(path)


def _common_version(source: Path, name: str, locks: Mapping[Target, Lock]) -> str:
    versions = {lock.versions.get(name): target for target, lock in locks.items()}
    if None in versions:
        raise PackagingError(
            f"{source}: {versions[None]} does not need {name}, other targets do",
            fix=f"add {name} to it, without a marker",
        )
    if len(versions) > 1:
        each = ", ".join(f"{version} for {target}" for version, target in versions.items())
        raise PackagingError(f"{source}: {name} resolves to {each}", fix=f"pin {name} there to one version")
    return str(next(iter(versions)))
