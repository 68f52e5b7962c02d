"""The machine that figures were measured on, without which they mean nothing."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import psutil

from groundwork.paths import Project
from groundwork.synthesis.jsii_process import wheel_node


def describe(project: Project, environ: Mapping[str, str]) -> dict[str, str | int | float]:
    """Processor, cores, memory in GB, and the versions of what was measured."""
    node = environ.get("JSII_NODE") or str(wheel_node() or "node")
    answer = subprocess.run(
        [node, "--version"], cwd=project.root, env=dict(environ), capture_output=True, text=True, check=False
    )
    return {
        "cpu": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "node": answer.stdout.strip().removeprefix("v"),
        "cdktf": version("cdktf"),
        "cdktf_cdktf_provider_aws": version("cdktf-cdktf-provider-aws"),
        "jsii": version("jsii"),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
