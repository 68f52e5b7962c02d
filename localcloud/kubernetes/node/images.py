"""Images of the node: those of its own programs, and any archive that is loaded into it."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

from groundwork.errors import LocalCloudError
from localcloud.kubernetes.node.configuration import CONTAINERD_SOCKET

_NAMESPACE = "k8s.io"  # where kubelet's containerd plugin keeps its images


class Images:
    """The images of a running node, whose components work in `run`; `ctr` is containerd's own client."""

    def __init__(self, ctr: Path, run: Path) -> None:
        # The socket's full path may be longer than a socket's name can be.
        address = f"/proc/self/cwd/{CONTAINERD_SOCKET}"
        self._command, self._folder = [str(ctr), f"--address={address}", f"--namespace={_NAMESPACE}"], run

    def names(self) -> list[str]:
        """The names of all images."""
        return self._ctr("images", "list", "--quiet").split()

    def load(self, archive: Path) -> None:
        """Import a Docker or OCI archive. Raises LocalCloudError."""
        self._ctr("images", "import", "--local", "--digests=false", str(archive.resolve()))

    def load_program(self, name: str, program: Path, folder: Path) -> None:
        """Make an image of one statically linked program and import it, unless the node has it.

        A second name has a digest of the program for a tag: by it a later version is noticed.
        """
        content = program.read_bytes()
        marker = f"{name.rpartition(':')[0]}:{hashlib.sha256(content).hexdigest()[:12]}"
        if {name, marker} <= set(self.names()):
            return
        archive = folder / f"{program.name}.tar"
        try:
            archive.write_bytes(_archive([name, marker], program.name, content))
            self.load(archive)
        finally:
            archive.unlink(missing_ok=True)

    def _ctr(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._command, *arguments],
            cwd=self._folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if done.returncode != 0:
            raise LocalCloudError(
                f"the embedded node refused `ctr {' '.join(arguments)}`:\n{done.stderr.strip()}",
                fix="gw local status shows whether it runs",
            )
        return done.stdout


def _archive(names: Sequence[str], program: str, content: bytes) -> bytes:
    """An image in the format of `docker save`: one layer with the program at the root, for a user without rights.

    Docker image specification v1.2, "Combined Image JSON + Filesystem Changeset Format".
    """
    layer = _tar({program: content}, mode=0o755)
    config = {
        "architecture": _architecture(content),
        "os": "linux",
        "config": {"Entrypoint": [f"/{program}"], "User": "65535:65535", "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created_by": program}],
    }
    manifest = [{"Config": "config.json", "RepoTags": list(names), "Layers": ["layer.tar"]}]
    files = {"config.json": json.dumps(config).encode(), "layer.tar": layer}
    return _tar({**files, "manifest.json": json.dumps(manifest).encode()}, mode=0o644)


def _architecture(content: bytes) -> str:
    """As Go names it, from the header of the ELF file (e_machine, at byte 18)."""
    machine = int.from_bytes(content[18:20], "little")
    return {62: "amd64", 183: "arm64"}[machine]


def _tar(files: dict[str, bytes], *, mode: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
