"""Changed files that decide what runs with credentials, and that a comparison of Terraform does not see."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from groundwork import bounded_yaml
from groundwork.review import revisions
from groundwork.review.model import UnjudgedFile
from groundwork.review.revisions import Revision

# Pattern of a path → what it decides.
_AREAS = (
    (r"\.github/(workflows|actions)/.*", "what runs with which rights"),
    (r"(\.github/|docs/)?CODEOWNERS", "who has to approve"),
    (r"\.github/.*", "settings of the repository"),
    (r"(.*/)?(Pipfile|Pipfile\.lock|package(-lock)?\.json|uv\.(lock|toml)|requirements[\w-]*\.txt|go\.(mod|sum))",
     "which packages run"),
    (r"(groundwork|localcloud|tools)/.*|Makefile|pyproject\.toml|cdktf\.json|\.ci/.*", "the tool itself"),
    (r"policies/.*", "which rules judge a change"),
    (r"charts/.*", "templates of a chart"),
)  # fmt: skip
_USES = re.compile(
    r"^\s*(?:-\s*)?uses:\s*(?P<action>[^\s@#]+)@(?P<pin>[^\s#]+)(?:\s*#\s*(?P<version>\S+))?", re.MULTILINE
)
_PACKAGE_FILES = {"Pipfile.lock", "package-lock.json"}


def find(
    base: Revision, head: Revision, root: Path, *, rendered: Collection[str] = ()
) -> tuple[UnjudgedFile, ...] | None:
    """The changed files outside of the comparison, with the facts that can be read; None without head's files.

    The files of charts that were `rendered` are compared by what they render.
    """
    if not (base.tree and head.tree):
        return None
    compared = tuple(f"charts/{name}/" for name in rendered)
    changed = revisions.changed_paths(base, head, root)
    return tuple(
        UnjudgedFile(path=path, decides=decides, facts=tuple(_facts(path, what, base, head, root)))
        for path, what in changed.items()
        if (decides := area(path)) and not path.startswith(compared)
    )


def area(path: str) -> str:
    """What a file decides; empty for files that the comparison covers, and for tests and documentation."""
    if path.startswith(("tests/", "docs/")) and not path.endswith("CODEOWNERS"):
        return ""
    return next((decides for pattern, decides in _AREAS if re.fullmatch(pattern, path)), "")


def _facts(path: str, what: str, base: Revision, head: Revision, root: Path) -> Iterator[str]:
    if what != "changed":
        yield what
    is_workflow = path.startswith(".github/") and path.endswith((".yml", ".yaml"))
    if not (is_workflow or Path(path).name in _PACKAGE_FILES):
        return
    before, after = (revisions.text(side, root, path) or "" for side in (base, head))
    if is_workflow:
        yield from _differences("action", _actions(before), _actions(after))
        yield from _differences("permissions of", _permissions(before), _permissions(after))
    else:
        yield from _differences("package", _packages(before), _packages(after))


def _differences(kind: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was is None:
            yield f"{kind} {name} is new: {now}"
        elif now is None:
            yield f"{kind} {name} is gone, it was {was}"
        elif was != now:
            yield f"{kind} {name}: {was} → {now}"


def _actions(text: str) -> dict[str, str]:
    """Action → its pins, each with the version in its comment."""
    pins: dict[str, dict[str, None]] = {}
    for match in _USES.finditer(text):
        version = f" ({match['version']})" if match["version"] else ""
        pins.setdefault(match["action"], {})[f"{match['pin'][:12]}{version}"] = None
    return {action: ", ".join(sorted(named)) for action, named in pins.items()}


def _permissions(text: str) -> dict[str, str]:
    """`workflow` and every job → its permissions."""
    try:
        document = bounded_yaml.load(text)
    except bounded_yaml.BadYaml:
        return {"workflow": "not readable"}
    if not isinstance(document, dict):
        return {}
    jobs = document.get("jobs")
    holders: dict[str, Any] = {"the workflow": document, **{f"job {name}": job for name, job in _items(jobs)}}
    return {
        holder: json.dumps(body["permissions"], sort_keys=True)
        for holder, body in holders.items()
        if isinstance(body, dict) and "permissions" in body
    }


def _packages(text: str) -> dict[str, str]:
    """Package → its version, of every group of a Pipfile.lock or of a package-lock.json."""
    try:
        document = json.loads(text or "{}")
    except ValueError:
        return {"the file": "not readable"}
    groups = [body for name, body in _items(document) if not name.startswith("_")]
    return {
        name.rpartition("node_modules/")[2] or "the project": str(package.get("version", "")).lstrip("=")
        for group in groups
        for name, package in _items(group)
        if isinstance(package, dict) and "version" in package
    }


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((str(key), item) for key, item in value.items())
