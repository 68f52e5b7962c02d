"""main.py as a side of a comparison."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from groundwork.bench.case import Side
from groundwork.paths import Project


def synth(project: Project, label: str, out: Path, environ: Mapping[str, str], *arguments: str) -> Side:
    """A run of main.py into `out`."""
    command = [sys.executable, str(project.root / "main.py"), *arguments]
    return Side(label, command, {**environ, "CDKTF_OUTDIR": str(out)}, out)
