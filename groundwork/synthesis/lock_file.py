"""Terraform's dependency lock file (`.terraform.lock.hcl`) as values: read and written the way Terraform does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from groundwork.errors import GroundworkError

_BLOCK = re.compile(r'^provider "(?P<address>[^"]+)" \{\n(?P<body>.*?)^\}', re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r'^\s*version\s*=\s*"([^"]+)"', re.MULTILINE)
_HASH = re.compile(r'"((?:h1|zh):[^"]+)"')
_HEADER = (
    '# This file is maintained automatically by "terraform init".\n# Manual edits may be lost in future updates.\n'
)


class LockFileError(GroundworkError):
    """A committed provider lock is missing, wrong or cannot be read."""

    exit_code = 4


@dataclass(frozen=True)
class Provider:
    """One provider at one version. `address` is complete: registry.terraform.io/hashicorp/aws."""

    address: str
    version: str

    @property
    def name(self) -> str:
        """Its short name: aws."""
        return self.address.rsplit("/", 1)[-1]

    def __str__(self) -> str:
        return f"{self.address.removeprefix('registry.terraform.io/')} {self.version}"


def full_address(source: str) -> str:
    """A `source` of required_providers in full: `aws` → registry.terraform.io/hashicorp/aws."""
    parts = source.split("/")
    return "/".join(["registry.terraform.io", "hashicorp"][: 3 - len(parts)] + parts)


def read(path: Path) -> dict[Provider, frozenset[str]]:
    """The providers of a lock file and the hashes Terraform may accept for each (empty where no hash is known yet)."""
    text = path.read_text(encoding="utf-8")
    providers = {}
    for block in _BLOCK.finditer(text):
        version = _VERSION.search(block["body"])
        if version is None:
            raise LockFileError(f"{path}: provider {block['address']} has no version", fix="git checkout that file")
        providers[Provider(block["address"], version[1])] = frozenset(_HASH.findall(block["body"]))
    if len(providers) != text.count('provider "'):
        raise LockFileError(f"{path} is not a lock file as Terraform writes it", fix="git checkout that file")
    return providers


def render(providers: dict[Provider, Iterable[str]]) -> str:
    """The text of a lock file, byte for byte as Terraform writes it for exact versions (which cdktf requires)."""
    blocks = []
    for provider in sorted(providers, key=lambda p: p.address):
        hashes = sorted(providers[provider])
        listed = "".join(f'    "{value}",\n' for value in hashes)
        lines = [f'  version     = "{provider.version}"\n', f'  constraints = "{provider.version}"\n']
        if hashes:
            lines.append(f"  hashes = [\n{listed}  ]\n")
        blocks.append(f'\nprovider "{provider.address}" {{\n{"".join(lines)}}}\n')
    return _HEADER + "".join(blocks)
