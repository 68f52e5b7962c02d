"""A control group for the node below this process's own, in each hierarchy that the host mounts."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_PREFIX = "groundwork-node-"


def make() -> list[Path]:
    """Make a group named after this process in each hierarchy, and remove those whose process has ended."""
    made = []
    for parent in _own_groups():
        for left in parent.glob(f"{_PREFIX}*"):
            if not Path("/proc", left.name.removeprefix(_PREFIX)).exists():
                remove([left])
        group = parent / f"{_PREFIX}{os.getpid()}"
        group.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):  # version 1 starts them empty, and then takes no process
            if (parent / name).exists() and (group / name).exists() and not (group / name).read_text().strip():
                (group / name).write_text((parent / name).read_text())
        made.append(group)
    return made


def enter(groups: list[Path]) -> None:
    """Move this process into `groups`."""
    for group in groups:
        (group / "cgroup.procs").write_text("0")


def remove(groups: list[Path]) -> None:
    """Remove groups with all that containers left in them; one that still has a process stays."""
    for group in groups:
        for folder, _, _ in os.walk(group, topdown=False):
            with suppress(OSError):
                Path(folder).rmdir()


def _own_groups() -> list[Path]:
    """This process's group in each mounted hierarchy; that of version 2 only where version 1 is not mounted."""
    paths = dict(_controllers_and_path(line) for line in Path("/proc/self/cgroup").read_text().splitlines())
    first: list[Path] = []
    second: list[Path] = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, target, kind, options, *_ = line.split()
        if kind == "cgroup2":
            second.append(Path(target) / paths.get("", "/").lstrip("/"))
        elif kind == "cgroup":
            known = set(options.split(","))
            path = next((path for names, path in paths.items() if names and set(names.split(",")) <= known), None)
            if path is not None:
                first.append(Path(target) / path.lstrip("/"))
    return first or second


def _controllers_and_path(line: str) -> tuple[str, str]:
    _, controllers, path = line.split(":", 2)
    return controllers, path
