"""Finds the programs of the embedded Kubernetes on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from groundwork.errors import ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import go_tools
from localcloud.kubernetes.components import PROGRAMS


def find(environ: Mapping[str, str], project: Project) -> dict[str, Path]:
    """Name → path of each program; raises ToolMissing with the command that builds the missing ones."""
    tools = {name: go_tools.find(name, environ, project) for name in PROGRAMS}
    if missing := [name for name, tool in tools.items() if tool is None]:
        raise ToolMissing(
            f"the embedded Kubernetes needs {', '.join(missing)}, which are not built on this machine yet",
            fix=go_tools.TOOLS[missing[0]].setup,
        )
    return {name: tool.path for name, tool in tools.items() if tool}
