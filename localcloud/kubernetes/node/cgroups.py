"""A control group for the node in each hierarchy that the host mounts.

In version 1 it lies below this process's own. In version 2 a group with processes hands no controllers on, but
for the root, so that the node's lies there, as the kubelet's own does on a server.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_PREFIX = "groundwork-node-"
_CONTROLLERS = {"cpu", "cpuset", "io", "memory", "pids"}


def make() -> list[Path]:
    """Make a group named after this process in each hierarchy, and remove those whose process has ended."""
    made = []
    for parent in _parents():
        for left in parent.glob(f"{_PREFIX}*"):
            if not Path("/proc", left.name.removeprefix(_PREFIX)).exists():
                remove([left])
        group = parent / f"{_PREFIX}{os.getpid()}"
        group.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):  # version 1 starts them empty, and then takes no process
            if (parent / name).exists() and (group / name).exists() and not (group / name).read_text().strip():
                (group / name).write_text((parent / name).read_text())
        hand_on_controllers(parent)
        made.append(group)
    return made


def enter(groups: list[Path]) -> None:
    """Move this process into `groups`."""
    for group in groups:
        (group / "cgroup.procs").write_text("0")


def leave(pid: int, groups: list[Path]) -> None:
    """Move a process out of the groups of version 2 again: it started what stays in them."""
    for group in groups:
        if _is_version_2(group):
            (group.parent / "cgroup.procs").write_text(str(pid))


def hand_on_controllers(group: Path) -> None:
    """Let the children of a group of version 2 have the controllers that a kubelet needs. Raises OSError."""
    if _is_version_2(group):
        available = set((group / "cgroup.controllers").read_text().split())
        text = " ".join(f"+{name}" for name in sorted(available & _CONTROLLERS))
        (group / "cgroup.subtree_control").write_text(text)


def _is_version_2(group: Path) -> bool:
    return (group / "cgroup.controllers").exists()


def remove(groups: list[Path]) -> None:
    """Remove groups with all that containers left in them; one that still has a process stays."""
    for group in groups:
        for folder, _, _ in os.walk(group, topdown=False):
            with suppress(OSError):
                Path(folder).rmdir()


def _parents() -> list[Path]:
    """Where the node's groups belong in each mounted hierarchy; version 2 counts only without version 1."""
    paths = dict(_controllers_and_path(line) for line in Path("/proc/self/cgroup").read_text().splitlines())
    first: list[Path] = []
    second: list[Path] = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, target, kind, options, *_ = line.split()
        if kind == "cgroup2":
            second.append(Path(target))
        elif kind == "cgroup":
            known = set(options.split(","))
            path = next((path for names, path in paths.items() if names and set(names.split(",")) <= known), None)
            if path is not None:
                first.append(Path(target) / path.lstrip("/"))
    return first or second


def _controllers_and_path(line: str) -> tuple[str, str]:
    _, controllers, path = line.split(":", 2)
    return controllers, path
