"""Synthesises a commit: runs its main.py in its own files, without credentials, and caches the result by tree id."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from filelock import FileLock

from groundwork.errors import SynthesisError
from groundwork.review import inventory, isolation, revisions
from groundwork.review.revisions import Revision
from groundwork.synthesis import origin
from groundwork.synthesis.manifest import FILE as MANIFEST
from groundwork.synthesis.manifest import WAIVERS, Manifest
from groundwork.terraform.environ import unreviewed_environ
from groundwork.toolchain import process

ABOUT = "review.json"
"""The file beside the manifest with the names of the environments and the hash of every asset's content."""
TEXTS = "texts"
"""The folder beside the manifest with the texts of assets that are compared, each named by its SHA-256."""
_FORMAT = 2
_TAIL_LINES = 30
_CACHED_RESULTS = 40  # less than a megabyte each
_ABANDONED_AFTER = 3600.0  # seconds
_FILES = ("cdk.tf.json", origin.FILE, WAIVERS, ".terraform.lock.hcl")
# Their versions influence, beside a commit's own files, what is synthesised.
_PACKAGES = ("cdktf", "constructs", "jsii", "cdktf-cdktf-provider-aws", "cdktf-cdktf-provider-helm")


@dataclass(frozen=True)
class Synthesised:
    """A revision and the folder with its stacks, laid out like cdktf.out. `cached`: synthesised by an earlier run."""

    revision: Revision
    folder: Path
    cached: bool


def synthesise(
    requested: Sequence[Revision],
    *,
    root: Path,
    store: Path,
    environ: Mapping[str, str],
    on_begin: Callable[[Revision], None] = lambda _: None,
    on_end: Callable[[Synthesised], None] = lambda _: None,
) -> list[Synthesised]:
    """Synthesise each revision; those that are not in the cache `store` in parallel, equal files only once.

    Of `environ`, only what `unreviewed_environ` lets through reaches the code of a commit. Raises SynthesisError, which
    names the commit, where main.py fails. A killed run leaves no incomplete result in `store`.
    """
    from groundwork.toolchain import side_by_side  # noqa: PLC0415 - only where something is started

    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    _remove_old(store)
    distinct = list({revision.tree: revision for revision in requested}.values())

    def synthesise_locked(revision: Revision, stop: threading.Event) -> Synthesised:
        on_begin(revision)
        with FileLock(store / f".{revision.tree}.lock"):
            result = _synthesise(revision, root=root, store=store, environ=environ, stop=stop)
        on_end(result)
        return result

    results = {result.revision.tree: result for result in side_by_side.each(synthesise_locked, distinct, at_once=2)}
    return [replace(results[revision.tree], revision=revision) for revision in requested]


def copy_synthesised(out: Path, target: Path, *, environments: Sequence[str]) -> Path:
    """Copy a folder that cdktf wrote to `target`, laid out like the result of `synthesise`, without running anything.

    For a folder that was synthesised elsewhere: raises SynthesisError where a stack's folder lies outside `out`.
    """
    for stack in Manifest.read(out).stacks:
        if not stack.folder.resolve().is_relative_to(out.resolve()):
            raise SynthesisError(f"{out}: the folder of {stack.name} lies outside of it", fix="synthesise again")
    _copy(out, target, environments=environments)
    return target


def _synthesise(
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
            raise SynthesisError(f"{_title(revision)} has no main.py", fix="name a commit that has one")
        restricted = unreviewed_environ(environ, home=home, checkout=root)
        _run(revision, files, out, restricted, root=root, stop=stop)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=store) as beside:
            partial = Path(beside) / "result"
            _copy(out, partial, environments=sorted(p.stem for p in (files / "environments").glob("*.y*ml")))
            os.replace(partial, final)  # noqa: PTH105 - atomic: a result is complete or missing
    return Synthesised(revision, final, cached=False)


def _run(
    revision: Revision, files: Path, out: Path, environ: Mapping[str, str], *, root: Path, stop: threading.Event
) -> None:
    program = [sys.executable, "main.py"]
    if not isolation.problem():
        hidden = isolation.hidden_folders(root)
        for folder in isolation.caches(environ):
            folder.mkdir(parents=True, exist_ok=True)
        shown = isolation.shown_folders(environ, hidden, files.parent)
        program = isolation.command(program, hidden=hidden, shown=shown)
    finished = process.run(
        program,
        cwd=files,
        environ={**environ, "CDKTF_OUTDIR": str(out)},
        stop=stop,
        grace=3.0,
    )
    if not finished.ok:
        last_lines = "\n".join(finished.tail.replace(f"{files}/", "").splitlines()[-_TAIL_LINES:])
        raise SynthesisError(
            f"{_title(revision)} does not synthesise (main.py ended with {finished.code}):\n{last_lines}",
            fix="compare with a commit that does, or repair this one",
        )
    if not (out / MANIFEST).is_file():
        raise SynthesisError(f"{_title(revision)}: main.py wrote no stacks to CDKTF_OUTDIR", fix="see main.py")


def _copy(out: Path, target: Path, *, environments: Sequence[str]) -> None:
    """Copy what a review reads, of the assets the texts that it compares; the manifest last."""
    assets: dict[str, dict[str, str]] = {}
    packages: dict[str, dict[str, str]] = {}
    (target / TEXTS).mkdir(parents=True)
    for stack in Manifest.read(out).stacks:
        folder = target / stack.folder.relative_to(out)
        folder.mkdir(parents=True)
        for name in _FILES:
            if (stack.folder / name).is_file():
                shutil.copyfile(stack.folder / name, folder / name)
        listed = inventory.of(stack.folder)
        assets[stack.name], packages[stack.name] = listed.files, listed.packages
        for digest, text in listed.texts.items():
            (target / TEXTS / digest).write_bytes(text)
    about = {"format": _FORMAT, "environments": environments, "assets": assets, "packages": packages}
    (target / ABOUT).write_text(json.dumps(about), encoding="utf-8")
    shutil.copyfile(out / MANIFEST, target / MANIFEST)
    target.chmod(0o700)


def _tools() -> str:
    """A hash over the versions of the tools that synthesise, because another version may give another result."""
    versions = [f"{_FORMAT}", sys.version.split()[0]]
    for package in _PACKAGES:
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            versions.append(package)
    return hashlib.sha256("\n".join(versions).encode()).hexdigest()[:8]


def _remove_old(store: Path) -> None:
    """Remove what killed runs left behind, and the oldest results beyond _CACHED_RESULTS."""
    now = time.time()
    for partial in store.glob(".partial-*"):
        if now - partial.stat().st_mtime > _ABANDONED_AFTER:
            shutil.rmtree(partial, ignore_errors=True)
    results = sorted((path for path in store.iterdir() if (path / MANIFEST).is_file()), key=lambda p: p.stat().st_mtime)
    for old in results[:-_CACHED_RESULTS]:
        shutil.rmtree(old, ignore_errors=True)


def _title(revision: Revision) -> str:
    return "the checkout" if revision.commit == revisions.WORKTREE else f"commit {revision.short} ({revision.name})"
