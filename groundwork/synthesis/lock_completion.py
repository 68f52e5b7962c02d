"""`gw lock`: completes the committed provider locks for every platform, and reports what is missing.

A lock file lists hashes without saying which platform each belongs to, so that a missing platform goes unnoticed until
someone on it runs Terraform. `platforms.json` beside the locks records the platforms.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from groundwork.files import write_atomically
from groundwork.synthesis import lock_file, provider_locks
from groundwork.synthesis.lock_file import LockFileError, Provider
from groundwork.synthesis.manifest import FILE as MANIFEST
from groundwork.synthesis.manifest import Manifest

PLATFORMS = ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64")
RECORD = "platforms.json"
Record = dict[str, dict[str, str]]
"""Provider and version → platform → the h1 hash of its package."""


@dataclass(frozen=True)
class Platform:
    """A provider's hash for one platform: known, or missing with the reason Terraform gave (empty: not tried)."""

    provider: Provider
    platform: str
    known: bool
    reason: str = ""


def check_locks(locks: Path, *, platforms: Sequence[str] = PLATFORMS) -> list[Platform]:
    """Every provider of the committed locks on every platform, without touching network or files.

    `known` is true where the hash is recorded and every lock file that holds the provider has it.
    """
    record = _read_record(locks)
    held = _held(locks)
    return [
        Platform(provider, name, known=_hash_in_all(record.get(str(provider), {}).get(name), files))
        for provider, files in held.items()
        for name in platforms
    ]


def complete_locks(
    locks: Path,
    *,
    out: Path,
    terraform: Path,
    environ: Mapping[str, str],
    mirror: Path | None = None,
    platforms: Sequence[str] = PLATFORMS,
) -> list[Platform]:
    """Adds the missing hashes to the locks in `locks`, and a lock for every set of providers that stacks in `out` need.

    A package comes from `mirror` (a folder laid out as `registry.terraform.io/hashicorp/aws/…`) where it holds the
    platform, else from the registry. Its hash is compared with the recorded one: a difference raises LockFileError. A
    package that is not available is in the result with Terraform's reason. Each file is replaced in one step, so that
    none is half written after a kill.
    """
    _create_missing_locks(locks, out)
    record = _read_record(locks)
    reasons: dict[tuple[Provider, str], str] = {}
    for provider, files in _held(locks).items():
        known = record.setdefault(str(provider), {})
        for name in platforms:
            source = _mirrored(mirror, provider, name)
            if _hash_in_all(known.get(name), files) and source is None:
                continue
            try:
                hashes = _fetch(provider, name, terraform=terraform, environ=environ, mirror=source)
            except _Unavailable as unavailable:
                reasons[provider, name] = str(unavailable)
                continue
            package = next(value for value in hashes if value.startswith("h1:"))
            if known.get(name, package) != package:
                raise LockFileError(
                    f"{provider} for {name} is {package}, but {known[name]} is committed in {locks / RECORD}",
                    fix="find out which of the two packages is real before you use either",
                )
            known[name] = package
            _add(locks, provider, hashes)
            write_atomically(locks / RECORD, json.dumps(record, indent=2, sort_keys=True) + "\n")
    return [
        Platform(state.provider, state.platform, state.known, reasons.get((state.provider, state.platform), ""))
        for state in check_locks(locks, platforms=platforms)
    ]


class _Unavailable(Exception):
    """Terraform could not get the package."""


def _fetch(
    provider: Provider, platform: str, *, terraform: Path, environ: Mapping[str, str], mirror: Path | None
) -> frozenset[str]:
    """The hashes Terraform finds for one provider on one platform."""
    requirement = {"source": provider.address, "version": provider.version}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "main.tf.json").write_text(
            json.dumps({"terraform": {"required_providers": {provider.name: requirement}}})
        )
        command = [str(terraform), "providers", "lock", "-no-color", f"-platform={platform}"]
        if mirror is not None:
            command.append(f"-fs-mirror={mirror}")
        done = subprocess.run(
            command, cwd=work, env={**environ, "CHECKPOINT_DISABLE": "1"}, capture_output=True, text=True, check=False
        )
        written = work / provider_locks.PLACED
        if done.returncode or not written.is_file():
            raise _Unavailable(_first_error(done.stderr))
        return lock_file.read(written)[provider]


def _first_error(text: str) -> str:
    lines = [line.strip("╷│╵ ") for line in text.splitlines()]
    start = next((index for index, line in enumerate(lines) if line.startswith("Error:")), 0)
    return " ".join(line for line in lines[start : start + 6] if line)


def _mirrored(mirror: Path | None, provider: Provider, platform: str) -> Path | None:
    if mirror is None:
        return None
    packed = mirror / provider.address / f"terraform-provider-{provider.name}_{provider.version}_{platform}.zip"
    unpacked = mirror / provider.address / provider.version / platform
    return mirror if packed.is_file() or unpacked.is_dir() else None


def _create_missing_locks(locks: Path, out: Path) -> None:
    """Writes a lock without hashes for each synthesised stack whose providers no committed lock holds."""
    locks.mkdir(parents=True, exist_ok=True)
    for stack in Manifest.read(out).stacks if (out / MANIFEST).is_file() else ():
        needed = provider_locks.required(stack)
        if needed and not any(needed <= lock_file.read(path).keys() for path in _files(locks)):
            name = "-".join(sorted(provider.name for provider in needed))
            write_atomically(locks / f"{name}{provider_locks.SUFFIX}", lock_file.render(dict.fromkeys(needed, ())))


def _files(locks: Path) -> Iterator[Path]:
    yield from sorted(locks.glob(f"*{provider_locks.SUFFIX}"))


def _held(locks: Path) -> dict[Provider, list[frozenset[str]]]:
    """Each provider of the locks, with its hashes in every file that holds it."""
    held: dict[Provider, list[frozenset[str]]] = {}
    for path in _files(locks):
        for provider, hashes in lock_file.read(path).items():
            held.setdefault(provider, []).append(hashes)
    return held


def _hash_in_all(value: str | None, files: list[frozenset[str]]) -> bool:
    return value is not None and all(value in hashes for hashes in files)


def _add(locks: Path, provider: Provider, hashes: frozenset[str]) -> None:
    for path in _files(locks):
        held = lock_file.read(path)
        if provider in held:
            write_atomically(path, lock_file.render({**held, provider: held[provider] | hashes}))


def _read_record(locks: Path) -> Record:
    path = locks / RECORD
    if not path.is_file():
        return {}
    try:
        record: Record = json.loads(path.read_bytes())
    except ValueError as broken:
        raise LockFileError(f"{path} is not JSON: {broken}", fix="git checkout that file") from broken
    return record
