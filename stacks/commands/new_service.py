"""Writes a service from the template beside this file: a member of the workspace services/, and a release."""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from groundwork.errors import UsageError
from groundwork.files import write_atomically

_TEMPLATE = Path(__file__).with_name("service_template")
# A package, an image, a release and a namespace have this name: no underscore, which Kubernetes refuses, and no dash.
_NAME = re.compile(r"[a-z][a-z0-9]{1,30}")
_WORKLOAD = """\
{name}:
  namespace: {name}
  port: 8080
  secrets: [{name}]
  migrations: [python3, -m, servicekit, migrate, --wait, "60"]
"""
# Key of the workspace's pyproject.toml → what a member adds to its list.
_LISTS = {
    "dependencies": "{name}",
    "members": "{name}",
    "files": "{name}/src",
    "mypy_path": "{name}/src",
    "testpaths": "{name}/tests",
}


def write(services: Path, name: str) -> Sequence[Path]:
    """Write the service; returns what was written. Called again after an interruption, it does the rest.

    Raises UsageError for a name that no package can have here, and where the service exists.
    """
    workspace, folder = services / "pyproject.toml", services / name
    text = workspace.read_text(encoding="utf-8")
    members = tomllib.loads(text)["tool"]["uv"]["workspace"]["members"]
    if not _NAME.fullmatch(name) or name in sys.stdlib_module_names:
        raise UsageError(
            f"{name!r} cannot be the name of a service: a Python package has it, none of Python's own, and a release",
            fix="2 to 31 of a-z and 0-9, beginning with a letter, such as greetings",
        )
    if name in members:
        raise UsageError(f"{folder} exists", fix=f"choose another name, or begin with gw dev {name}")
    with_it = with_member(text, name)
    written = []
    if not folder.exists():
        draft = services / f".{name}.new"
        shutil.rmtree(draft, ignore_errors=True)
        _render(draft, name)
        draft.replace(folder)
        written.append(folder)
    releases = services / "workloads.yaml"
    entries = releases.read_text(encoding="utf-8")
    if not re.search(rf"^{name}:", entries, flags=re.MULTILINE):
        write_atomically(releases, entries + _WORKLOAD.format(name=name))
        written.append(releases)
    # Last: with this line the service exists, and nothing is left to do.
    write_atomically(workspace, with_it)
    return [*written, workspace]


def with_member(text: str, name: str) -> str:
    """The workspace's pyproject.toml with one member more; its comments stay."""
    for key, pattern in _LISTS.items():
        item = pattern.format(name=name)
        text = re.sub(rf"^({key} = \[.*)\]$", rf'\g<1>, "{item}"]', text, count=1, flags=re.MULTILINE)
    last = re.compile(r"^\w+ = \{ workspace = true \}\n(?!\w+ = \{)", re.MULTILINE)
    text = last.sub(lambda line: f"{line[0]}{name} = {{ workspace = true }}\n", text, count=1)
    _check(tomllib.loads(text), name)
    return text


def _check(document: dict[str, Any], name: str) -> None:
    tool = document["tool"]
    lists = {
        "dependencies": document["project"]["dependencies"],
        "members": tool["uv"]["workspace"]["members"],
        "files": tool["mypy"]["files"],
        "mypy_path": tool["mypy"]["mypy_path"],
        "testpaths": tool["pytest"]["ini_options"]["testpaths"],
    }
    missing = [key for key, items in lists.items() if _LISTS[key].format(name=name) not in items]
    if name not in tool["uv"]["sources"]:
        missing.append("sources")
    if missing:
        raise UsageError(
            f"services/pyproject.toml is laid out otherwise than expected: {', '.join(missing)} did not get {name}",
            fix="write each of its lists in one line",
        )


def _render(target: Path, name: str) -> None:
    for source in sorted(_TEMPLATE.rglob("*.tmpl")):
        path = target / str(source.relative_to(_TEMPLATE)).removesuffix(".tmpl").replace("NAME", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.read_text(encoding="utf-8").replace("NAME", name), encoding="utf-8")
