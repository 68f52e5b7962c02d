"""Makes requirements.txt out of requirements.in: one version of each package for all targets, every wheel hashed."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from groundwork.errors import PackagingError
from groundwork.packaging.requirements import Lock, read_lock
from groundwork.packaging.target import ALL_TARGETS, Target
from groundwork.packaging.wheels import atomic_write, download, sha256

_HEADER = """\
# Made from requirements.in by `gw package --lock`; do not edit.
# One version of everything for {targets}.
# No package index is named: pip's own configuration decides where the wheels come from.
"""


def write_lock(
    function_dir: Path,
    *,
    targets: Sequence[Target] = ALL_TARGETS,
    pip: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Lock:
    """Resolves requirements.in for each of `targets` and writes requirements.txt beside it.

    Raises PackagingError when a target has no wheel, or when two targets would get different versions or packages.
    """
    source = function_dir / "requirements.in"
    if not source.is_file():
        raise PackagingError(f"{source} does not exist", fix="an empty file means: no dependencies")
    hashes: dict[str, set[str]] = defaultdict(set)
    versions: dict[str, dict[str, Target]] = defaultdict(dict)
    packages: dict[Target, set[str]] = {}
    needs_nothing = not any(line.split("#")[0].strip() for line in source.read_text(encoding="utf-8").splitlines())
    for target in () if needs_nothing else targets:
        with tempfile.TemporaryDirectory(prefix="groundwork-lock-") as folder:
            download(source, target, into=Path(folder), pip=pip, environ=environ, hashed=False)
            names = set()
            for wheel in Path(folder).glob("*.whl"):
                raw_name, version = wheel.name.split("-")[:2]
                name = Lock.normal_name(raw_name)
                names.add(name)
                versions[name].setdefault(version, target)
                hashes[name].add(sha256(wheel))
            packages[target] = names
    _check_agreement(source, versions, packages)
    lines = [_HEADER.format(targets=", ".join(map(str, targets)))]
    for name in sorted(hashes):
        lines.append(f"{name}=={next(iter(versions[name]))} \\\n")
        lines.append(" \\\n".join(f"    --hash=sha256:{value}" for value in sorted(hashes[name])) + "\n")
    path = function_dir / "requirements.txt"
    atomic_write(path, "".join(lines).encode())
    return read_lock(path)


def _check_agreement(
    source: Path, versions: Mapping[str, Mapping[str, Target]], packages: Mapping[Target, set[str]]
) -> None:
    for name, found in versions.items():
        if len(found) > 1:
            each = ", ".join(f"{version} for {target}" for version, target in found.items())
            raise PackagingError(f"{source}: {name} resolves to {each}", fix=f"pin {name} there to one version")
        without = [str(target) for target, names in packages.items() if name not in names]
        if without:
            raise PackagingError(f"{source}: {', '.join(without)} does not need {name}", fix=f"add {name} to it")
