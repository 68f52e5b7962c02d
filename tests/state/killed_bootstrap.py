"""A bootstrap that is killed where it prints something."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.support.cloud_project import CloudProject


def run_and_kill(cloud: CloudProject, checkout: Path, pattern: str, *stack: str, delay: float = 0) -> str:
    """What a bootstrap printed until it, Terraform and the provider were killed together.

    `stack` names another than the state backend; `delay` in seconds after the line that matches `pattern`.
    """
    script = str(checkout / "tests" / "state" / "run_bootstrap.py")
    file = str(checkout / "environments" / "local.yaml")
    child = subprocess.Popen(
        [sys.executable, script, str(cloud.project.root), file, cloud.program, *stack],
        env={**cloud.environ, "PYTHONPATH": str(checkout)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert child.stdout is not None
    lines: list[str] = []
    for line in child.stdout:
        lines.append(line)
        if re.search(pattern, line):
            time.sleep(delay)
            break
    tree = psutil.Process(child.pid).children(recursive=True) if child.poll() is None else []
    # The guard first: it would otherwise give Terraform time to end in good order.
    for process in (*tree, child):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    child.wait()
    psutil.wait_procs(tree, timeout=10)
    return "".join(lines)
