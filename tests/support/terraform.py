"""The real Terraform and AWS provider of this machine, for tests: run in a folder, never installed."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from groundwork.errors import ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import cli_config, providers, terraform
from groundwork.toolchain.terraform import terraform_platform
from tests.support.shared_provider import folder_for

PROVIDER = "registry.terraform.io/hashicorp/aws"
VERSION = "5.100.0"


@dataclass(frozen=True)
class Outcome:
    """How a command ended; `output` is all it wrote, `seconds` what it took."""

    code: int
    output: str
    seconds: float

    @property
    def end(self) -> str:
        """The last part, which says why it failed."""
        return self.output[-6000:]


@dataclass(frozen=True)
class Terraform:
    """Terraform with an AWS provider that needs no `init`: used from where it lies, neither copied nor hashed."""

    binary: Path
    config: Path

    def run(self, folder: Path, *arguments: str, environ: Mapping[str, str]) -> Outcome:
        """Run a command in `folder`, with PATH, HOME and TMPDIR of this process and `environ` as its environment."""
        full = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
            "TF_CLI_CONFIG_FILE": str(self.config),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "GOGC": "400",
            **environ,
        }
        started = time.monotonic()
        done = subprocess.run(
            [self.binary, *arguments],
            cwd=folder,
            env=full,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, round(time.monotonic() - started, 1))


def find_or_skip(checkout: Path, folder: Path, *, shared: bool = True) -> Terraform:
    """The Terraform and provider of this machine, or skip; writes their CLI configuration to `folder`.

    Unless `shared`, each run starts providers of its own.
    """
    try:
        binary = terraform.find(os.environ, Project(checkout), may_download=False).path
    except ToolMissing as missing:
        pytest.skip(str(missing))
    config = unhashed_provider(checkout, folder, shared=shared)
    if not config:
        pytest.skip(f"AWS provider {VERSION} is not unpacked on this machine; `make setup` does that")
    return Terraform(binary, config)


def unhashed_provider(checkout: Path, folder: Path, *, shared: bool = True) -> Path | None:
    """Write a CLI configuration to `folder` with which only `terraform init` hashes the 700 MB of the AWS provider.

    Without it every command does, for 0.7 s of processor time. If `shared`, runs share providers
    (tests/support/shared_provider.py). None where the provider is not unpacked here.
    """
    sources = providers.sources(os.environ, Project(checkout))
    for source in sources:
        if VERSION in source.unpacked.get(PROVIDER, ()):
            unpacked = source.path / PROVIDER / VERSION / terraform_platform()
            if shared:
                unpacked = folder_for(next(unpacked.glob("terraform-provider-aws*")))
            overrides = (
                f'dev_overrides {{\n    "{PROVIDER.removeprefix("registry.terraform.io/")}" = "{unpacked}"\n  }}'
            )
            opening = "provider_installation {\n"
            config = folder / "terraform.rc"
            config.write_text(
                cli_config.provider_installation(sources).replace(opening, f"{opening}  {overrides}\n", 1)
            )
            return config
    return None
