"""The commits that workflow files pin actions to, compared with the tags that GitHub has for their versions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from groundwork.github.api import GitHub

_USES = re.compile(
    r"uses: (?P<repository>[\w.-]+/[\w.-]+)[\w./-]*@(?P<commit>[0-9a-f]{40}) # (?P<version>v\d+(\.\d+)*)"
)


@dataclass(frozen=True, order=True)
class Pin:
    """An action's repository (owner/name), the commit that is used, and the version that the comment names."""

    repository: str
    version: str
    commit: str


def read(folder: Path) -> dict[Pin, list[str]]:
    """Every pin of the workflows and actions in `.github` → the places (file:line) that have it."""
    pins: dict[Pin, list[str]] = {}
    for path in sorted((*folder.rglob("*.yml"), *folder.rglob("*.yaml"))):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if match := _USES.search(line):
                pin = Pin(match["repository"], match["version"], match["commit"])
                pins.setdefault(pin, []).append(f"{path.relative_to(folder.parent)}:{number}")
    return dict(sorted(pins.items()))


def wrong(pins: Mapping[Pin, Sequence[str]], api: GitHub) -> Iterator[str]:
    """A sentence for each pin whose commit is not that of its version's tag. Raises GitHubError without an answer."""
    for pin, places in pins.items():
        commit = _commit(pin, api)
        where = f"{', '.join(places)}: {pin.repository}"
        if commit is None:
            yield f"{where} has no tag {pin.version}"
        elif commit != pin.commit:
            yield f"{where} {pin.version} is {commit}, not {pin.commit}"


def _commit(pin: Pin, api: GitHub) -> str | None:
    """The commit of the version's tag, also where that is an annotated tag; None where there is no such tag."""
    git = f"/repos/{pin.repository}/git"
    ref = api.find(f"{git}/ref/tags/{pin.version}", needs="contents: read")
    if ref is None:
        return None
    target = ref["object"]
    if target["type"] == "tag":
        target = api.get(f"{git}/tags/{target['sha']}", needs="contents: read")["object"]
    return str(target["sha"])
