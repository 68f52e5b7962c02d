"""Versions of the tools that plan and apply: Terraform, cdktf-cli, and the providers in a lock file."""

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

_CLI = "node_modules/cdktf-cli"  # its key in package-lock.json


def versions(folder: Path, *, terraform: Path, cdktf: Sequence[str], environ: Mapping[str, str]) -> ToolVersions:
    """The versions for a stack's folder. `terraform` and `cdktf` would be started, with the environment `environ`."""
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
    # In a folder without Terraform files: Terraform also lists the providers of its working directory.
    answer = process.run([str(program), "version", "-json"], cwd=program.parent, environ=environ, keep_stdout=True)
    try:
        version: str = json.loads(answer.stdout)["terraform_version"]
    except (ValueError, KeyError) as error:
        raise ToolMissing(f"{program} does not report its version: {answer.tail}", fix="gw doctor") from error
    return version


def cdktf_version(command: Sequence[str]) -> str:
    """The version of the cdktf-cli that `command` (Node and its script) starts, from its package.json.

    Where it is not installed, because only the apply starts it: that of package-lock.json, which `npm ci` installs.
    """
    script = Path(command[-1])
    for folder in script.parents:
        if (folder / "package.json").is_file():
            package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
            if package.get("name") == "cdktf-cli":
                return str(package["version"])
        if (lock := folder / "package-lock.json").is_file():
            return str(json.loads(lock.read_text(encoding="utf-8"))["packages"][_CLI]["version"])
    raise ToolMissing(f"{script} is not part of a cdktf-cli with a version", fix="make setup")
