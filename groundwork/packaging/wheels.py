"""The wheels of a lock for one target: downloaded once by pip, kept in the cache, checked against their hashes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from filelock import FileLock

from groundwork.errors import PackagingError
from groundwork.packaging.requirements import Lock
from groundwork.packaging.target import Target

PIP_SECONDS = 600


def default_pip() -> tuple[str, ...]:
    """pip of the Python that runs; its own configuration decides where wheels come from."""
    return (sys.executable, "-m", "pip")


def fetch(
    lock: Lock, target: Target, *, cache: Path, pip: Sequence[str] | None, environ: Mapping[str, str] | None
) -> list[Path]:
    """The wheels of `lock`, sorted by name; pip runs only when the cache does not hold them.

    Raises PackagingError when they cannot be had or one is not the locked one.
    """
    if not lock.hashes:
        return []
    shelf = cache / "wheels"
    shelf.mkdir(parents=True, exist_ok=True)
    name = f"{lock.digest[:16]}-{target}"
    folder = shelf / name
    with FileLock(shelf / f"{name}.lock"):
        if folder.is_dir():
            wheels = sorted(folder.glob("*.whl"))
            if _problem(wheels, lock) is None:
                return wheels
            shutil.rmtree(folder)
        for left_over in shelf.glob(
            f"{name}.part-*"
        ):  # of a download that was killed; nobody else writes under the lock
            shutil.rmtree(left_over)
        with _scratch(shelf / f"{name}.part-{uuid.uuid4().hex[:8]}") as part:
            download(lock.path, target, into=part, pip=pip, environ=environ, hashed=True)
            problem = _problem(sorted(part.glob("*.whl")), lock)
            if problem is not None:
                raise PackagingError(f"{lock.path}: {problem}", fix="lock again: gw package --lock")
            part.rename(folder)
    return sorted(folder.glob("*.whl"))


def download(
    requirements: Path,
    target: Target,
    *,
    into: Path,
    pip: Sequence[str] | None,
    environ: Mapping[str, str] | None,
    hashed: bool,
) -> None:
    """`pip download` of `requirements` for `target`; with `hashed`, exactly the locked files and nothing they name."""
    command = [*(pip or default_pip()), "download", "--quiet", "--only-binary=:all:", "--implementation=cp"]
    command += ["--dest", str(into), "--requirement", str(requirements)]
    command += [f"--python-version={target.python_version}"]
    command += [f"--platform={tag}" for tag in target.wheel_platforms]
    if hashed:
        command += ["--require-hashes", "--no-deps"]
    try:
        subprocess.run(
            command,
            env=None if environ is None else dict(environ),
            check=True,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PIP_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise PackagingError(f"pip cannot be started: {command[0]}", fix="make setup") from error
    except subprocess.TimeoutExpired as error:
        raise PackagingError(
            f"pip took more than {PIP_SECONDS} s for {target}", fix="check the package index"
        ) from error
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or error.stdout or "").strip().splitlines()
        raise PackagingError(
            f"pip could not fetch {requirements} for {target}:\n    " + "\n    ".join(lines[-8:]),
            fix="check pip's index (pip config list); a package without a wheel for this target cannot be used",
        ) from error


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _problem(wheels: Sequence[Path], lock: Lock) -> str | None:
    """What is wrong with the wheels; None when there is one of each package, with a locked hash."""
    missing = dict(lock.hashes)
    for wheel in wheels:
        name = lock.normal_name(wheel.name.split("-")[0])
        if name not in missing:
            return f"{wheel.name} is not in the lock, or there twice"
        if sha256(wheel) not in missing.pop(name):
            return f"{wheel.name} does not have a locked hash"
    return f"no wheel of {', '.join(sorted(missing))}" if missing else None


@contextlib.contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    try:
        yield folder
    finally:
        with contextlib.suppress(FileNotFoundError):  # renamed into place
            shutil.rmtree(folder)


def atomic_write(path: Path, data: bytes) -> None:
    """Writes `path` so that a reader sees the old or the new bytes, also after a kill."""
    part = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
