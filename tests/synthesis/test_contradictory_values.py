"""Values that contradict each other end a synthesis with a sentence, not with a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from groundwork.errors import EnvironmentFileError

CONTRADICTION = """\
organisation: acme
region: eu-west-2
accounts:
  main: {id: "111122223333"}
  archive: {id: "444455556666"}
runner: hosted
"""


def test_a_contradiction_is_reported_with_file_key_and_fix(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "blue.yaml").write_text(CONTRADICTION, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "main.py", "--environments", str(tmp_path)],
        cwd=checkout,
        env={**os.environ, "CDKTF_OUTDIR": str(tmp_path / "out")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == EnvironmentFileError.exit_code
    assert "Traceback" not in done.stderr
    assert "blue.yaml: cluster.public_endpoint_cidrs: runner is hosted" in done.stderr
    assert "fix: name the ranges the runners come from" in done.stderr
