"""What this machine is called by Terraform and Go, and what is supported on which machine."""

from __future__ import annotations

import platform

_SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def terraform_platform(system: str | None = None, machine: str | None = None) -> str:
    """`linux_amd64` and the like; an unknown system or machine keeps its own name."""
    system, machine = system or platform.system(), machine or platform.machine()
    return f"{_SYSTEMS.get(system, system.lower())}_{_MACHINES.get(machine.lower(), machine.lower())}"
