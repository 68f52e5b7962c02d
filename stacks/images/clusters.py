"""Where an image goes so that pods can use it: the embedded node, kind, minikube."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from groundwork.errors import ToolMissing, UsageError
from groundwork.paths import Project
from groundwork.toolchain import go_tools
from localcloud.kubernetes.layout import Layout
from localcloud.kubernetes.node.images import Images
from stacks.images.builder import BuildFailed

CLUSTERS = ("node", "kind", "minikube")


def load(archive: Path, cluster: str, project: Project, environ: Mapping[str, str]) -> None:
    """Load an archive into the cluster of that kind. Raises GroundworkError."""
    if cluster == "node":
        Images(_ctr(project, environ), Layout(project.work.resolve() / "kubernetes").run).load(archive)
        return
    commands = {"kind": ["kind", "load", "image-archive"], "minikube": ["minikube", "image", "load"]}
    if cluster not in commands:
        raise UsageError(f"images cannot be loaded into {cluster!r}", fix=f"--into one of {', '.join(CLUSTERS)}")
    program, *words = commands[cluster]
    path = shutil.which(program, path=environ.get("PATH", os.defpath))
    if path is None:
        raise ToolMissing(f"{program} is not on PATH", fix=f"install {program}, or name another cluster with --into")
    done = subprocess.run(
        [path, *words, str(archive)], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        raise BuildFailed(f"`{program} {' '.join(words)}` failed:\n{done.stderr.strip()}", fix="see the lines above")


def _ctr(project: Project, environ: Mapping[str, str]) -> Path:
    tool = go_tools.find("ctr", environ, project)
    if tool is None:
        raise ToolMissing("the embedded node is not built on this machine", fix="make kubernetes node")
    return tool.path
