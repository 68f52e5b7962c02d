"""A synth with canaries in its environment: whatever of it turns up in the output was read where it must not be."""

from __future__ import annotations

import shutil
from dataclasses import replace

from groundwork.preflight.check import leaks
from groundwork.preflight.secrets import canaries
from groundwork.refusals import Refusal
from groundwork.workspace import Workspace

OUT = "cdktf.out.canaries"


def with_canaries(workspace: Workspace) -> list[Refusal]:
    """Synthesise beside the checkout's own output and report every canary that turned up; leaves nothing behind."""
    root = workspace.project.root
    planted = canaries(root / "main.py", root / "stacks")
    tools = replace(workspace.tools, environ={**workspace.tools.environ, **planted})
    trial = replace(workspace.at(OUT), tools=tools)
    try:
        trial.synth()
        return leaks(trial.out, planted)
    finally:
        shutil.rmtree(trial.out, ignore_errors=True)
