"""A commit, synthesised: its own main.py, run from its own files, without any credential; kept by its tree's id."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO

import platformdirs
from filelock import FileLock

from groundwork.errors import SynthesisError
from groundwork.review import revisions
from groundwork.review.revisions import Revision
from groundwork.synthesis.manifest import FILE as MANIFEST
from groundwork.synthesis.manifest import Manifest
from groundwork.terraform.environ import unreviewed_environ
from groundwork.toolchain import process

ABOUT = "review.json"
"""Beside the manifest: names of the environments, and hashes of every asset's content."""
_FORMAT = 1
_TAIL = 30
_MOST_UNPACKED = 600 * 2**20  # bytes; Lambda itself takes 250 MiB
_KEPT_RESULTS = 40  # less than a megabyte each
_ABANDONED = 3600.0  # seconds
_KEPT = ("cdk.tf.json", "origins.json", "waivers.json", ".terraform.lock.hcl")
# What decides, beside a commit's files, what is synthesised from them.
_PACKAGES = ("cdktf", "constructs", "jsii", "cdktf-cdktf-provider-aws", "cdktf-cdktf-provider-helm")


@dataclass(frozen=True)
class Synthesised:
    """A revision and the folder that holds its stacks, laid out as cdktf.out without assets. `cached`: made before."""

    revision: Revision
    folder: Path
    cached: bool


def synthesise(
    wanted: Sequence[Revision],
    *,
    root: Path,
    store: Path,
    environ: Mapping[str, str],
    on_begin: Callable[[Revision], None] = lambda _: None,
    on_end: Callable[[Synthesised], None] = lambda _: None,
) -> list[Synthesised]:
    """Each revision synthesised, those that are not in `store` side by side.

    `environ` is what a program of ours may see; far less reaches the code of a commit (groundwork.terraform.environ).
    Equal files are synthesised once. Raises SynthesisError that names the commit where main.py fails. A run that is
    killed leaves nothing in `store` that a later one would take for a result.
    """
    from groundwork.toolchain import side_by_side  # noqa: PLC0415 - only where something is started

    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    _tidy(store)
    distinct = list({revision.tree: revision for revision in wanted}.values())

    def one(revision: Revision, stop: threading.Event) -> Synthesised:
        on_begin(revision)
        with FileLock(store / f".{revision.tree}.lock"):
            done = _one(revision, root=root, store=store, environ=environ, stop=stop)
        on_end(done)
        return done

    made = {done.revision.tree: done for done in side_by_side.each(one, distinct, at_once=2)}
    return [Synthesised(revision, made[revision.tree].folder, made[revision.tree].cached) for revision in wanted]


def keep(out: Path, into: Path, *, environments: Sequence[str]) -> Path:
    """A folder that cdktf wrote, laid out as what `synthesise` gives; nothing in it is run. Returns `into`.

    For what somebody else has synthesised: raises SynthesisError where a stack's folder lies outside of `out`.
    """
    for stack in Manifest.read(out).stacks:
        if not stack.folder.resolve().is_relative_to(out.resolve()):
            raise SynthesisError(f"{out}: the folder of {stack.name} lies outside of it", fix="synthesise again")
    _keep(out, into, environments=environments)
    return into


def _one(
    revision: Revision, *, root: Path, store: Path, environ: Mapping[str, str], stop: threading.Event
) -> Synthesised:
    final = store / f"{revision.tree}-{_tools()}"
    if (final / MANIFEST).is_file():
        return Synthesised(revision, final, cached=True)
    with tempfile.TemporaryDirectory(prefix="groundwork-review-") as folder:
        work = Path(folder)
        files, out, home = work / "checkout", work / "out", work / "home"
        home.mkdir()
        revisions.extract(revision, root, files)
        if not (files / "main.py").is_file():
            raise SynthesisError(f"{_called(revision)} has no main.py", fix="name a commit that has one")
        passed = unreviewed_environ(environ, home=home, cache=_user_cache(), uv_config=root / "uv.toml")
        _run(revision, files, out, passed, stop)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=store) as beside:
            partial = Path(beside) / "made"
            _keep(out, partial, environments=sorted(p.stem for p in (files / "environments").glob("*.y*ml")))
            os.replace(partial, final)  # noqa: PTH105 - atomic: either all of it is there or nothing
    return Synthesised(revision, final, cached=False)


def _run(revision: Revision, files: Path, out: Path, environ: Mapping[str, str], stop: threading.Event) -> None:
    done = process.run(
        [sys.executable, "main.py"],
        cwd=files,
        environ={**environ, "CDKTF_OUTDIR": str(out)},
        stop=stop,
        grace=3.0,
    )
    if not done.ok:
        last_lines = "\n".join(done.tail.replace(f"{files}/", "").splitlines()[-_TAIL:])
        raise SynthesisError(
            f"{_called(revision)} does not synthesise (main.py ended with {done.code}):\n{last_lines}",
            fix="compare with a commit that does, or repair this one",
        )
    if not (out / MANIFEST).is_file():
        raise SynthesisError(f"{_called(revision)}: main.py wrote no stacks to CDKTF_OUTDIR", fix="see main.py")


def _keep(out: Path, into: Path, *, environments: Sequence[str]) -> None:
    """What a review reads, without the assets themselves; the manifest comes last."""
    assets: dict[str, dict[str, str]] = {}
    for stack in Manifest.read(out).stacks:
        target = into / stack.folder.relative_to(out)
        target.mkdir(parents=True)
        for name in _KEPT:
            if (stack.folder / name).is_file():
                shutil.copyfile(stack.folder / name, target / name)
        assets[stack.name] = dict(_contents(stack.folder))
    about = {"format": _FORMAT, "environments": environments, "assets": assets}
    (into / ABOUT).write_text(json.dumps(about), encoding="utf-8")
    shutil.copyfile(out / MANIFEST, into / MANIFEST)
    into.chmod(0o700)


def _contents(folder: Path) -> list[tuple[str, str]]:
    """The SHA-256 of every asset file below a stack's folder; of an archive, of every file in it."""
    digests: list[tuple[str, str]] = []
    for path in sorted((folder / "assets").rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_file():
            continue
        if path.suffix == ".zip" and zipfile.is_zipfile(path):
            digests += _members(name, path)
        else:
            with path.open("rb") as file:
                digests.append((name, _sha256(file)))
    return digests


def _members(name: str, path: Path) -> list[tuple[str, str]]:
    """The files of an archive; if its declared size exceeds any real deployment, the archive alone."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) <= _MOST_UNPACKED:
                digests = []
                for member in archive.infolist():
                    # zipfile reads no more than the size that the member declares.
                    with archive.open(member) as content:
                        digests.append((f"{name}!{member.filename}", _sha256(content)))
                return digests
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError):
        pass  # truncated, encrypted, or an unknown compression: the archive's own hash has to do
    with path.open("rb") as file:
        return [(name, _sha256(file))]


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _tools() -> str:
    """What names the tools that synthesise: another version of one of them is another result."""
    versions = [f"{_FORMAT}", sys.version.split()[0]]
    for package in _PACKAGES:
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            versions.append(package)
    return hashlib.sha256("\n".join(versions).encode()).hexdigest()[:8]


def _tidy(store: Path) -> None:
    """Removes what killed runs left behind and all but the results that were made last."""
    now = time.time()
    for left in store.glob(".partial-*"):
        if now - left.stat().st_mtime > _ABANDONED:
            shutil.rmtree(left, ignore_errors=True)
    results = sorted((path for path in store.iterdir() if (path / MANIFEST).is_file()), key=lambda p: p.stat().st_mtime)
    for old in results[:-_KEPT_RESULTS]:
        shutil.rmtree(old, ignore_errors=True)


def _called(revision: Revision) -> str:
    return "the checkout" if revision.commit == revisions.WORKTREE else f"commit {revision.short} ({revision.name})"


def _user_cache() -> Path:
    return Path(platformdirs.user_cache_dir())
