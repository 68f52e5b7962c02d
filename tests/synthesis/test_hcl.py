"""`cdktf synth --hcl` is for people who prefer to read HCL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_every_stack_can_be_written_as_hcl(checkout: Path, tmp_path: Path) -> None:
    environ = {**os.environ, "SYNTH_HCL_OUTPUT": "true", "CDKTF_OUTDIR": str(tmp_path)}
    command = [sys.executable, "main.py", "--environment", "dev"]
    subprocess.run(command, cwd=checkout, env=environ, check=True, capture_output=True)
    written = {path.parent.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("stacks/*/cdk.tf")}
    assert len(written) == 10
    assert 'resource "aws_vpc"' in written["dev-network"]
