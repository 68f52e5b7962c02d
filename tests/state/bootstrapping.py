"""Bootstraps a stack of the local environment in a test, also in a process that is killed."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from groundwork.state.bootstrap import BootstrapResult, bootstrap
from stacks.platform import PlatformEnvironment
from stacks.values import Environment
from tests.support.cloud_project import CloudProject


def bootstrap_stack(
    cloud: CloudProject, environment: Environment, stack: str = "local-state-backend", *, update: bool = False
) -> BootstrapResult:
    """Bootstrap a stack as `gw bootstrap` does."""
    return bootstrap(
        cloud.project,
        PlatformEnvironment(environment),
        synthesised=cloud.stacks,
        program=Path(cloud.program),
        environ=cloud.environ,
        stack=stack,
        update=update,
    )


def key_states(kms: Any) -> set[str]:
    """The states of all customer-managed keys, without the keys that AWS makes for its services and keeps."""
    managed = {a.get("TargetKeyId") for a in kms.list_aliases()["Aliases"] if a["AliasName"].startswith("alias/aws/")}
    keys = {key["KeyId"] for key in kms.list_keys()["Keys"]} - managed
    return {kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] for key in keys}


def run_and_kill(cloud: CloudProject, checkout: Path, pattern: str, *stack: str, delay: float = 0) -> str:
    """Kill a bootstrap with Terraform and the provider, `delay` seconds after a line that matches `pattern`.

    Returns what it printed. `stack` names another stack than the state backend.
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
    # The children first, because one of them, the guard, would otherwise let Terraform end properly.
    for process in (*tree, child):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    child.wait()
    psutil.wait_procs(tree, timeout=10)
    return "".join(lines)
