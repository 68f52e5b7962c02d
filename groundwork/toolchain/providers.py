"""Unpacks each locked provider once per user, so that ten stacks do not need ten copies of 700 MB."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from groundwork.paths import Project
from groundwork.toolchain import cli_config, process
from groundwork.toolchain.mirror import Mirror, find_mirrors, inspect
from groundwork.toolchain.terraform import Terraform, terraform_platform

_BLOCK = re.compile(r'^provider "(?P<address>[^"]+)" \{(?P<body>.*?)^\}', re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r'^\s*version\s*=\s*"([^"]+)"', re.MULTILINE)


@dataclass(frozen=True, order=True)
class Provider:
    """A provider as a lock file names it."""

    address: str
    version: str


@dataclass(frozen=True)
class Primed:
    """Where a provider will be taken from; `problem` is Terraform's own message where it is not available."""

    provider: Provider
    path: Path | None = None
    origin: str = ""
    problem: str = ""


def locked(lock_files: Iterable[Path]) -> dict[Provider, Path]:
    """The providers of the lock files, each with a file that names it."""
    providers: dict[Provider, Path] = {}
    for file in sorted(lock_files):
        for block in _BLOCK.finditer(file.read_text()):
            if version := _VERSION.search(block["body"]):
                providers.setdefault(Provider(block["address"], version[1]), file)
    return providers


def sources(environ: Mapping[str, str], project: Project, mirror: Path | None = None) -> list[Mirror]:
    """Where stacks take providers from: those unpacked for this user, then mirrors of this machine."""
    return [inspect(_store(project), "unpacked once", terraform_platform()), *find_mirrors(environ, mirror)]


def prime(
    terraform: Terraform,
    environ: Mapping[str, str],
    project: Project,
    lock_files: Iterable[Path],
    *,
    mirror: Path | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
) -> list[Primed]:
    """Make every locked provider available unpacked, one after the other.

    Terraform links to an unpacked mirror, so nothing of it is copied. Everything else is installed once by `terraform
    init` (which checks it against the lock file) and moved into a folder that serves as a mirror from then on;
    Terraform's plugin cache is not safe with several inits at once and hashes everything twice. A provider that is not
    available is a result, not an error: only stacks that use it are affected.
    """
    store, results = _store(project), []
    store.mkdir(parents=True, exist_ok=True)
    with FileLock(store / ".lock"):
        for stale in store.glob(".installing-*"):
            shutil.rmtree(stale, ignore_errors=True)
        for provider, lock in locked(lock_files).items():
            mirrors = sources(environ, project, mirror)
            source = next(
                (mirror for mirror in mirrors if mirror.has_unpacked(provider.address, provider.version)), None
            )
            if source:
                results.append(Primed(provider, _unpacked(source.path, provider), f"{source.path} ({source.origin})"))
                continue
            on_progress(f"unpacking {provider.address} {provider.version}")
            problem = _install(terraform, environ, store, provider=provider, lock=lock, mirrors=mirrors[1:])
            folder = _unpacked(store, provider)
            if problem:
                results.append(Primed(provider, problem=problem))
            else:
                results.append(Primed(provider, folder if folder.is_dir() else None, f"{store} (unpacked once)"))
    return results


def _install(
    terraform: Terraform,
    environ: Mapping[str, str],
    store: Path,
    *,
    provider: Provider,
    lock: Path,
    mirrors: Sequence[Mirror],
) -> str:
    """Let Terraform install one provider into the store; returns its error message, empty on success."""
    with tempfile.TemporaryDirectory(prefix=".installing-", dir=store) as name:
        folder = Path(name)
        only = {"this": {"source": provider.address, "version": provider.version}}
        (folder / "main.tf.json").write_text(json.dumps({"terraform": {"required_providers": only}}))
        blocks = _BLOCK.finditer(lock.read_text())
        own_blocks = "\n".join(block[0] for block in blocks if block["address"] == provider.address)
        (folder / ".terraform.lock.hcl").write_text(own_blocks + "\n")
        # A mirror that holds only other versions would keep Terraform from asking the registry.
        useful = [mirror for mirror in mirrors if provider.version in mirror.packed.get(provider.address, ())]
        config = cli_config.write(environ, folder / "terraform.tfrc", useful)
        quiet = {**environ, "TF_CLI_CONFIG_FILE": str(config), "CHECKPOINT_DISABLE": "1"}
        quiet.pop("TF_PLUGIN_CACHE_DIR", None)
        command = [str(terraform.path), "init", "-backend=false", "-input=false", "-no-color"]
        done = process.run(command, cwd=folder, environ=quiet)
        if not done.ok:
            lines = [line.strip(" │╷╵") for line in done.tail.splitlines()]
            return " ".join(line for line in lines if line).partition("Error: ")[2] or done.tail
        made, final = _unpacked(folder / ".terraform" / "providers", provider), _unpacked(store, provider)
        if made.is_symlink():
            return ""  # a link to a mirror of the user's own configuration: nothing to move
        final.parent.mkdir(parents=True, exist_ok=True)
        made.replace(final)
    return ""


def _unpacked(root: Path, provider: Provider) -> Path:
    return root.joinpath(*provider.address.split("/"), provider.version, terraform_platform())


def _store(project: Project) -> Path:
    return project.cache / "providers"
