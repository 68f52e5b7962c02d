"""Synthesises the platform by running main.py."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def synthesise(
    checkout: Path, out: Path, *, environments: Path | None = None, environ: Mapping[str, str] | None = None
) -> str:
    """Write all stacks to `out`, by default of the committed environment files; returns what main.py printed."""
    options = ["--environments", str(environments)] if environments else []
    done = subprocess.run(
        [sys.executable, "main.py", *options],
        cwd=checkout,
        env={**os.environ, **(environ or {}), "CDKTF_OUTDIR": str(out)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout + done.stderr
