"""`terraform init` in a stack's folder, run where it is needed: it reads 700 MB of provider to check them each time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from groundwork.synthesis.provider_locks import PLACED

ARGUMENTS = ("init", "-input=false", "-lockfile=readonly", "-reconfigure")
"""What is run: exactly the providers that the lock file allows, and the backend as it is written here.

-reconfigure: what an earlier run in this folder remembers of its backend says nothing about this one.
"""

ASKS_FOR_INIT = "terraform init"
"""In Terraform's words where a folder is not initialised after all: somebody emptied it, or a provider is gone."""

_STAMP = "groundwork-initialised"


@dataclass(frozen=True)
class Initialised:
    """Whether a folder is initialised for what lies in it now. `environ` is Terraform's, complete."""

    folder: Path
    program: Path
    environ: Mapping[str, str]

    def known(self) -> bool:
        """Whether `note` was called for exactly this: backend, providers and lock, folder, program, and server.

        Every plan still checks the providers against the lock, and the backend against what init wrote down.
        """
        return self._stamp.is_file() and self._stamp.read_text(encoding="utf-8") == self._meant()

    def forget(self) -> None:
        """Before init runs, so that one that is killed counts for nothing."""
        self._stamp.unlink(missing_ok=True)

    def note(self) -> None:
        """After init has succeeded."""
        self._stamp.parent.mkdir(exist_ok=True)
        self._stamp.write_text(self._meant(), encoding="utf-8")

    @property
    def _stamp(self) -> Path:
        return self.folder / ".terraform" / _STAMP

    def _meant(self) -> str:
        """The folder's path is part of it, since .terraform holds links and a checkout may be moved."""
        digest = hashlib.sha256()
        lock = self.folder / PLACED
        stack = json.loads((self.folder / "cdk.tf.json").read_text(encoding="utf-8"))
        overrides = sorted(self.folder.glob("*_override.tf.json"))
        for part in (
            str(self.folder.resolve()),
            repr(stack.get("terraform")),
            *(f"{path.name} {path.read_text(encoding='utf-8')}" for path in overrides),
            lock.read_text(encoding="utf-8") if lock.is_file() else "",
            self.environ.get("AWS_ENDPOINT_URL", ""),
            str(self.program),
        ):
            digest.update(part.encode())
            digest.update(b"\0")
        return digest.hexdigest()
