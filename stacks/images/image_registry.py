"""Images in a registry: pushed once, and a tag never moves."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from groundwork.errors import ReleaseFailed, ToolMissing

Result = Literal["pushed", "unchanged"]


@dataclass(frozen=True)
class ImageRegistry:
    """A registry below `place` (`HOST/PREFIX`), where skopeo is logged in.

    It gets the manifests' bytes as an archive has them, so that an image's digest is known before it is pushed.
    """

    skopeo: Path
    place: str
    environ: Mapping[str, str]

    @classmethod
    def find(cls, place: str, environ: Mapping[str, str]) -> ImageRegistry:
        """With skopeo of PATH. Raises ToolMissing."""
        program = shutil.which("skopeo", path=environ.get("PATH", os.defpath))
        if program is None:
            raise ToolMissing("no program that pushes images is on PATH", fix="install skopeo")
        return cls(Path(program), place.rstrip("/"), environ)

    def push(self, archive: Path, name: str) -> Result:
        """Push an OCI archive as `name` (`ledger:0123abcd`), unless the registry has it.

        ECR refuses even the same image under a tag that exists: PutImage then answers ImageTagAlreadyExistsException
        (botocore's model of ECR; aws/containers-roadmap, issue 2380). Raises ReleaseFailed where the tag has another
        image, and where the registry refuses.
        """
        source, target = f"oci-archive:{archive}", f"docker://{self.place}/{name}"
        ours = self._digest(source)
        if self._holds(target, ours, archive):
            return "unchanged"
        copied = self._run("copy", "--quiet", "--all", "--preserve-digests", source, target)
        if copied.returncode == 0:
            return "pushed"
        if self._holds(target, ours, archive):  # pushed by somebody else meanwhile
            return "unchanged"
        raise ReleaseFailed(
            f"{self.place}/{name} is not pushed: {_tail(copied)}",
            fix="see that the repository exists (delivery.images, then gw bootstrap ENVIRONMENT --update), and that "
            "skopeo is logged in (`skopeo login`)",
        )

    def _holds(self, target: str, ours: str | None, archive: Path) -> bool:
        theirs = self._digest(target)
        if theirs and theirs != ours:
            raise ReleaseFailed(
                f"{target.removeprefix('docker://')} is another image, {theirs}, than {archive}, {ours}",
                fix="push it under another tag (--tag): a tag never moves",
            )
        return theirs is not None

    def _digest(self, name: str) -> str | None:
        """The digest of a manifest; None where it cannot be read: a push then says why."""
        shown = self._run("inspect", "--raw", name)
        return f"sha256:{hashlib.sha256(shown.stdout).hexdigest()}" if shown.returncode == 0 else None

    def _run(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        command = [str(self.skopeo), *words]
        return subprocess.run(
            command, capture_output=True, check=False, stdin=subprocess.DEVNULL, env=dict(self.environ)
        )


def _tail(done: subprocess.CompletedProcess[bytes]) -> str:
    return "\n".join(done.stderr.decode(errors="replace").strip().splitlines()[-5:])
