"""Which versions plan, or would apply: Terraform, cdktf-cli, and the providers that a lock file allows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from groundwork.errors import ToolMissing
from groundwork.plan import digest
from groundwork.plan.bundle import ToolVersions
from groundwork.synthesis import lock_file
from groundwork.synthesis.provider_locks import PLACED
from groundwork.toolchain import process


def versions(folder: Path, *, terraform: Path, cdktf: Sequence[str], environ: Mapping[str, str]) -> ToolVersions:
    """The versions for a stack's folder. `terraform` and `cdktf` are what would be started, `environ` with what."""
    lock = folder / PLACED
    providers = lock_file.read(lock) if lock.is_file() else {}
    return ToolVersions(
        terraform=terraform_version(terraform, environ),
        cdktf=cdktf_version(cdktf),
        providers={provider.address: provider.version for provider in providers},
    )


def lock_file_sha256(folder: Path) -> str:
    """SHA-256 in hex of the provider lock in a stack's folder; empty for a stack that needs no provider."""
    lock = folder / PLACED
    return digest.of_file(lock) if lock.is_file() else ""


def terraform_version(program: Path, environ: Mapping[str, str]) -> str:
    """The version of a Terraform binary; raises ToolMissing where it does not answer."""
    # In a folder without Terraform files: it would otherwise look at the providers of the one it is called in.
    said = process.run([str(program), "version", "-json"], cwd=program.parent, environ=environ, keep_stdout=True)
    try:
        version: str = json.loads(said.stdout)["terraform_version"]
    except (ValueError, KeyError) as unreadable:
        raise ToolMissing(f"{program} does not say its version: {said.tail}", fix="gw doctor") from unreadable
    return version


def cdktf_version(command: Sequence[str]) -> str:
    """The version of the cdktf-cli that `command` (Node and its script) starts, from its package.json."""
    script = Path(command[-1])
    for folder in script.parents:
        package = folder / "package.json"
        if package.is_file() and (found := json.loads(package.read_text(encoding="utf-8"))).get("name") == "cdktf-cli":
            return str(found["version"])
    raise ToolMissing(f"{script} belongs to no cdktf-cli that says its version", fix="make setup")
