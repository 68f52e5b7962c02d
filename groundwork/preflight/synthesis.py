"""A synthesis with canaries in its environment: one that appears in the output was read from the environment."""

from __future__ import annotations

import shutil

from groundwork.preflight.check import leaks
from groundwork.preflight.secrets import canaries
from groundwork.refusals import Refusal
from groundwork.workspace import Workspace

OUT = "cdktf.out.canaries"


def with_canaries(workspace: Workspace) -> list[Refusal]:
    """Synthesise beside the checkout's own output and report every canary in the result; leaves no files behind."""
    root = workspace.project.root
    planted = canaries(root / "main.py", root / "stacks")
    trial = workspace.with_out(OUT)
    try:
        trial.synth(planted=planted)
        return leaks(trial.out, planted)
    finally:
        shutil.rmtree(trial.out, ignore_errors=True)
