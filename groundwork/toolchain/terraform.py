"""Finds the Terraform to run: on PATH, downloaded earlier, or the pinned release, which it downloads and checks."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from packaging.version import InvalidVersion, Version

from groundwork.errors import ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import download

_SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def terraform_platform() -> str:
    """What Terraform calls this machine, such as `linux_amd64`; an unknown system or machine keeps its own name."""
    system, machine = platform.system(), platform.machine().lower()
    return f"{_SYSTEMS.get(system, system.lower())}_{_MACHINES.get(machine, machine)}"


@dataclass(frozen=True)
class Terraform:
    """A Terraform binary; `origin` says in words where it came from."""

    path: Path
    version: Version
    origin: str


@dataclass(frozen=True)
class Pin:
    """tools/terraform.json: the tested release, the range accepted on PATH, and the SHA-256 of each release archive."""

    version: str
    at_least: Version
    below: Version
    base_url: str
    sha256: Mapping[str, str]

    @classmethod
    def read(cls, project: Project) -> Pin:
        """The pin of this checkout."""
        data = json.loads((project.tools / "terraform.json").read_text())
        return cls(data["version"], Version(data["at_least"]), Version(data["below"]), data["base_url"], data["sha256"])

    def accepts(self, version: Version) -> bool:
        """Whether a Terraform of that version can be used."""
        return self.at_least <= version < self.below


def find(
    environ: Mapping[str, str],
    project: Project,
    *,
    may_download: bool = True,
    base_url: str | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
) -> Terraform:
    """The Terraform to run: TERRAFORM_BINARY_NAME, PATH, an earlier download, else the pinned release.

    `base_url` names a mirror of releases.hashicorp.com. Raises ToolMissing where no Terraform is available, naming
    those it rejected, and where a download does not have the committed SHA-256.
    """
    pin = Pin.read(project)
    rejected: list[str] = []
    if named := environ.get("TERRAFORM_BINARY_NAME"):
        path = _which(named, environ)
        version = _version(path, environ) if path else None
        if path is None or version is None:
            raise ToolMissing(f"TERRAFORM_BINARY_NAME={named} is not a working Terraform", fix="unset it or correct it")
        return Terraform(path, version, "TERRAFORM_BINARY_NAME")
    for path in _on_path(environ):
        version = _version(path, environ)
        if version is not None and pin.accepts(version):
            return Terraform(path, version, "PATH")
        rejected.append(f"{path} ({version or 'does not run'})")
    target = _downloaded(project, pin)
    if not target.is_file():
        if not may_download:
            seen = f"; not usable: {', '.join(rejected)}" if rejected else ""
            raise ToolMissing(f"no Terraform ≥ {pin.at_least}, < {pin.below} on PATH{seen}", fix="make setup")
        _download(pin, target, base_url or pin.base_url, on_progress)
    version = _version(target, environ)
    if version is None:
        raise ToolMissing(f"{target} does not run on this machine", fix=f"rm -r {target.parent} && make setup")
    return Terraform(target, version, "downloaded into the project")


def _downloaded(project: Project, pin: Pin) -> Path:
    return project.work / "terraform" / pin.version / terraform_platform() / "terraform"


def _download(pin: Pin, target: Path, base_url: str, on_progress: Callable[[str], None]) -> None:
    name = terraform_platform()
    if name not in pin.sha256:
        raise ToolMissing(
            f"no Terraform {pin.version} is pinned for {name}; pinned are {', '.join(pin.sha256)}",
            fix=f"put a Terraform ≥ {pin.at_least} on PATH",
        )
    url = f"{base_url.rstrip('/')}/terraform/{pin.version}/terraform_{pin.version}_{name}.zip"
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.parent / ".lock"):
        if not target.is_file():  # another process may have been quicker
            download.member_of_archive(
                url, sha256=pin.sha256[name], member="terraform", to=target, on_progress=on_progress
            )


def _on_path(environ: Mapping[str, str]) -> list[Path]:
    folders = [folder for folder in environ.get("PATH", "").split(os.pathsep) if folder]
    candidates = [Path(folder) / "terraform" for folder in folders]
    return [path for path in dict.fromkeys(candidates) if os.access(path, os.X_OK) and path.is_file()]


def _which(name: str, environ: Mapping[str, str]) -> Path | None:
    folders = [""] if os.sep in name else environ.get("PATH", "").split(os.pathsep)
    candidates = (Path(folder) / name for folder in folders)
    return next((path.absolute() for path in candidates if os.access(path, os.X_OK) and path.is_file()), None)


def _version(path: Path, environ: Mapping[str, str]) -> Version | None:
    """The version that a binary reports; None where it does not run."""
    quiet = {**environ, "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
    try:
        shown = subprocess.run(
            [path, "version", "-json"],
            env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return Version(json.loads(shown.stdout)["terraform_version"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, InvalidVersion):
        return None
