"""Finds the programs of the embedded Kubernetes on this machine, and says whether it can run containers here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from groundwork.errors import ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import go_tools
from localcloud.kubernetes.components import NODE_PROGRAMS, PROGRAMS
from localcloud.kubernetes.node import external_secrets, ingress, machine


@dataclass(frozen=True)
class Chosen:
    """Name → path of each program; `node`: with a node that runs containers; `reasons` say why not."""

    programs: Mapping[str, Path]
    node: bool
    reasons: Sequence[str] = ()


def choose(environ: Mapping[str, str], project: Project, *, api_only: bool = False) -> Chosen:
    """The embedded node where this machine allows it and its programs exist, otherwise the API alone.

    The node has those of its controllers that are built.

    Raises ToolMissing with the command that builds what is missing of the API.
    """
    reasons = ["--api-only asks for the API alone"] if api_only else machine.problems()
    if not reasons:
        tools, missing = _find(NODE_PROGRAMS, environ, project)
        if not missing:
            controllers, _ = _find([ingress.PROGRAM, external_secrets.PROGRAM], environ, project)
            return Chosen({**tools, **controllers}, node=True)
        reasons = [f"{', '.join(missing)} are not built on this machine yet: {go_tools.TOOLS[missing[0]].setup}"]
    tools, missing = _find(PROGRAMS, environ, project)
    if missing:
        raise ToolMissing(
            f"the embedded Kubernetes needs {', '.join(missing)}, which are not built on this machine yet",
            fix=go_tools.TOOLS[missing[0]].setup,
        )
    return Chosen(tools, node=False, reasons=reasons)


def _find(names: Sequence[str], environ: Mapping[str, str], project: Project) -> tuple[dict[str, Path], list[str]]:
    """The programs that exist, and the names of the missing ones."""
    tools = {name: go_tools.find(name, environ, project) for name in names}
    return {name: tool.path for name, tool in tools.items() if tool}, [name for name, tool in tools.items() if not tool]
