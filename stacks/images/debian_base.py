"""A base for images made of Debian's packages, for machines that can pull no image."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from groundwork.errors import ToolMissing
from stacks.images.builder import Builder, BuildFailed

NAME = "localhost/groundwork/debian-python:bookworm"
_PACKAGES = "python3,python3-pip,ca-certificates"


def ensure(builder: Builder, cache: Path) -> str:
    """The name of the base, made where the engine lacks it: a minute once, and 200 MB below `cache`.

    Raises ToolMissing where a program or root's rights are missing.
    """
    if builder.has(NAME):
        return NAME
    if builder.program.name != "buildah" or os.geteuid():
        raise ToolMissing("a base of Debian's packages needs buildah and root", fix="apt install buildah mmdebstrap")
    files = cache / "images" / "debian-bookworm-python.tar"
    if not files.exists():
        _bootstrap(files)
    container = builder.run("from", "scratch")
    builder.run("add", "--quiet", container, str(files), "/")
    builder.run("commit", "--quiet", "--rm", container, NAME)
    return NAME


def _bootstrap(files: Path) -> None:
    program = shutil.which("mmdebstrap")
    if program is None:
        raise ToolMissing("a base of Debian's packages needs mmdebstrap", fix="apt install mmdebstrap")
    files.parent.mkdir(parents=True, exist_ok=True)
    draft = files.with_suffix(".new")
    command = [program, "--format=tar", "--variant=minbase", f"--include={_PACKAGES}", "bookworm", str(draft)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        tail = "\n".join(done.stderr.strip().splitlines()[-10:])
        raise BuildFailed(f"mmdebstrap made no base:\n{tail}", fix="see that Debian's archive can be reached")
    draft.replace(files)
