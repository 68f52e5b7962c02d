"""What the code of a commit that nobody has reviewed may see of this machine: not the home, nor other processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from groundwork.review import apart

_HOMES = (Path("/root"), Path("/home"))


@cache
def problem() -> str:
    """Why this machine cannot keep a commit's code from the home and other processes; empty where it can."""
    done = subprocess.run(
        command([sys.executable, "-I", "-S", "-c", ""], hidden=[], shown=[]),
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stderr.strip() or f"it ended with {done.returncode}"


def command(program: Sequence[str], *, hidden: Sequence[Path], shown: Sequence[Path]) -> list[str]:
    """The command that starts a program apart; its first word is an absolute path."""
    room = {"hidden": list(map(str, hidden)), "shown": list(map(str, shown)), "command": list(program)}
    return [sys.executable, "-I", "-S", str(Path(apart.__file__)), json.dumps(room)]


def hidden_folders(checkout: Path) -> list[Path]:
    """Every home, and the keys, states and plans of the checkout."""
    homes = {Path.home().resolve(), *(home for home in _HOMES if home.is_dir())}
    return [*sorted(homes), checkout.resolve() / ".groundwork"]


def caches(environ: Mapping[str, str]) -> list[Path]:
    """What a synthesis fills: packages of jsii and uv, and beside jsii's what Node compiled (jsii_kernel.cjs)."""
    packages = Path(environ["JSII_RUNTIME_PACKAGE_CACHE_ROOT"])
    return [packages, packages.with_name(f"{packages.name}-compiled"), Path(environ["UV_CACHE_DIR"])]


def shown_folders(environ: Mapping[str, str], hidden: Sequence[Path], *more: Path) -> list[Path]:
    """What a program needs inside hidden folders: Python, what its environment names, and `more`; outermost first."""
    named = (Path(part) for value in environ.values() for part in value.split(os.pathsep) if part.startswith("/"))
    python = (Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parents[1])
    wanted = {path.resolve() for path in (*named, *python, *more, *caches(environ))}
    inside = {path for path in wanted for folder in hidden if path.is_relative_to(folder) and path != folder}
    return sorted(path for path in inside if not any(folder.is_relative_to(path) for folder in hidden))
