"""Bootstraps a stack and prints every step, for tests that kill it: ROOT ENVIRONMENT_FILE TERRAFORM [STACK]."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from groundwork.paths import Project
from groundwork.state.bootstrap import bootstrap
from stacks.platform import PlatformEnvironment
from stacks.values import load


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


root, file, terraform = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
outcome = bootstrap(
    Project(root),
    PlatformEnvironment(load(file)),
    synthesised=root / "cdktf.out" / "stacks",
    program=terraform,
    environ=dict(os.environ),
    stack=sys.argv[4] if len(sys.argv) > 4 else "local-state-backend",
    progress=say,
    on_line=say,
)
say(f"outcome: {outcome.status}")
