"""Unpacks each locked provider once per user, so that ten stacks never mean ten copies of 700 MB."""

from __future__ import annotations

import json
import os
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
from groundwork.toolchain.platforms import terraform_platform
from groundwork.toolchain.terraform import Terraform

# Measured while stacks of this repository were planned: terraform 0.3 GB and the AWS provider 0.4 GB, rounded up.
BYTES_PER_RUN = 800_000_000
_BLOCK = re.compile(r'^provider "(?P<address>[^"]+)" \{(?P<body>.*?)^\}', re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r'^\s*version\s*=\s*"([^"]+)"', re.MULTILINE)


@dataclass(frozen=True, order=True)
class Provider:
    """A provider as a lock file names it."""

    address: str
    version: str


@dataclass(frozen=True)
class Primed:
    """Where a provider will be taken from; `problem` says why it is not there, with Terraform's own words."""

    provider: Provider
    path: Path | None = None
    origin: str = ""
    problem: str = ""


def locked(lock_files: Iterable[Path]) -> dict[Provider, Path]:
    """The providers of the lock files, each with a file that names it."""
    found: dict[Provider, Path] = {}
    for file in sorted(lock_files):
        for block in _BLOCK.finditer(file.read_text()):
            if version := _VERSION.search(block["body"]):
                found.setdefault(Provider(block["address"], version[1]), file)
    return found


def sources(environ: Mapping[str, str], project: Project, mirror: Path | None = None) -> list[Mirror]:
    """What stacks take providers from: those unpacked for this user, then mirrors of this machine."""
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

    Terraform links to an unpacked mirror, so where there is one nothing is copied. Everything else is installed once by
    `terraform init` (which checks it against the lock file) and moved into a folder that serves as mirror from then on;
    Terraform's plugin cache itself is not safe with several inits at once and hashes everything twice. A provider that
    cannot be had is a result, not an error: only stacks that use it are affected.
    """
    store, results = _store(project), []
    store.mkdir(parents=True, exist_ok=True)
    with FileLock(store / ".lock"):
        for stale in store.glob(".installing-*"):
            shutil.rmtree(stale, ignore_errors=True)
        for provider, lock in locked(lock_files).items():
            found = sources(environ, project, mirror)
            here = next((one for one in found if provider.version in one.unpacked.get(provider.address, ())), None)
            if here:
                results.append(Primed(provider, _unpacked(here.path, provider), f"{here.path} ({here.origin})"))
                continue
            on_progress(f"unpacking {provider.address} {provider.version}")
            problem = _install(terraform, environ, store, provider=provider, lock=lock, mirrors=found[1:])
            kept = _unpacked(store, provider)
            if problem:
                results.append(Primed(provider, problem=problem))
            else:
                results.append(Primed(provider, kept if kept.is_dir() else None, f"{store} (unpacked once)"))
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
    """Let Terraform install one provider into the store; returns what it said where it could not."""
    with tempfile.TemporaryDirectory(prefix=".installing-", dir=store) as name:
        folder = Path(name)
        only = {"this": {"source": provider.address, "version": provider.version}}
        (folder / "main.tf.json").write_text(json.dumps({"terraform": {"required_providers": only}}))
        blocks = _BLOCK.finditer(lock.read_text())
        kept = "\n".join(block[0] for block in blocks if block["address"] == provider.address)
        (folder / ".terraform.lock.hcl").write_text(kept + "\n")
        # A mirror that has only other versions of it would hide the registry.
        useful = [one for one in mirrors if provider.version in one.packed.get(provider.address, ())]
        config = cli_config.write(environ, folder / "terraform.tfrc", useful)
        quiet = {**environ, "TF_CLI_CONFIG_FILE": str(config), "CHECKPOINT_DISABLE": "1"}
        quiet.pop("TF_PLUGIN_CACHE_DIR", None)
        command = [str(terraform.path), "init", "-backend=false", "-input=false", "-no-color"]
        done = process.run(command, cwd=folder, environ=quiet)
        if not done.ok:
            said = [line.strip(" │╷╵") for line in done.tail.splitlines()]
            return " ".join(line for line in said if line).partition("Error: ")[2] or done.tail
        made, final = _unpacked(folder / ".terraform" / "providers", provider), _unpacked(store, provider)
        if made.is_symlink():
            return ""  # linked to a mirror the user's own configuration names: nothing to keep
        final.parent.mkdir(parents=True, exist_ok=True)
        made.replace(final)
    return ""


def parallelism(*, available_bytes: int, cores: int) -> int:
    """How many Terraform runs fit side by side into the memory that is free: at least one, at most two per core."""
    return max(1, min(available_bytes // BYTES_PER_RUN, cores * 2))


def free_memory() -> int:
    """Bytes that programs can still take, the control group's limit included."""
    import psutil  # noqa: PLC0415 (not needed by the launcher, which imports this module)

    free = psutil.virtual_memory().available
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.is_file() and used.is_file() and (most := limit.read_text().strip()).isdigit():
        free = min(free, int(most) - int(used.read_text()))
    return max(0, free)


def usable_cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _unpacked(root: Path, provider: Provider) -> Path:
    return root.joinpath(*provider.address.split("/"), provider.version, terraform_platform())


def _store(project: Project) -> Path:
    return project.cache / "providers"
