"""Remembers what a stack's folder was initialised for: `terraform init` reads 700 MB of providers each time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from groundwork.synthesis.provider_locks import PLACED

_STAMP = "groundwork-initialised"
_PROVIDERS = "providers/*/*/*/*/*"
"""Host, namespace, type, version and platform of each; links to a mirror, which may have moved."""


@dataclass(frozen=True)
class InitStamp:
    """The stamp of one folder, for one Terraform binary. `environ` is Terraform's, complete."""

    folder: Path
    program: Path
    environ: Mapping[str, str]

    def is_current(self) -> bool:
        """Whether init succeeded for today's backend, providers, lock, folder, binary and server.

        Every plan still checks the providers against the lock, and the backend against what init recorded.
        """
        if not self._path.is_file() or self._path.read_text(encoding="utf-8") != self._digest():
            return False
        return all(provider.exists() for provider in self._path.parent.glob(_PROVIDERS))

    def remove(self) -> None:
        """Call it before init, so that an init that is killed leaves no stamp."""
        self._path.unlink(missing_ok=True)

    def write(self) -> None:
        """Call it after init has succeeded."""
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text(self._digest(), encoding="utf-8")

    @property
    def _path(self) -> Path:
        return self.folder / ".terraform" / _STAMP

    def _digest(self) -> str:
        """It covers the folder's path: .terraform holds links, and a checkout may be moved."""
        digest = hashlib.sha256()
        lock = self.folder / PLACED
        document = json.loads((self.folder / "cdk.tf.json").read_text(encoding="utf-8"))
        overrides = sorted(self.folder.glob("*_override.tf.json"))
        for part in (
            str(self.folder.resolve()),
            repr(document.get("terraform")),
            *(f"{path.name} {path.read_text(encoding='utf-8')}" for path in overrides),
            lock.read_text(encoding="utf-8") if lock.is_file() else "",
            self.environ.get("AWS_ENDPOINT_URL", ""),
            str(self.program),
        ):
            digest.update(part.encode())
            digest.update(b"\0")
        return digest.hexdigest()
