"""Writes the repository's owner and name into the two places of `.github` that contain them."""

from __future__ import annotations

import re
from pathlib import Path

_CALLED = re.compile(r"(?<=uses: )[\w.-]+/[\w.-]+(?=/\.github/workflows/[\w.-]+\.ya?ml@)")
_TEAM = re.compile(r"(?<=\s@)[\w-]+(?=/)")


def hand_over(folder: Path, repository: str) -> list[Path]:
    """Change the owner of workflows that are called by name, and of the teams in CODEOWNERS, to that of `repository`.

    `repository` is owner/name. `folder` is `.github`; it need not exist. Returns the files that changed.
    """
    owner = repository.partition("/")[0]
    changed = [
        path
        for path in sorted((*folder.glob("workflows/*.yml"), *folder.glob("workflows/*.yaml")))
        if _rewrite(path, _CALLED, repository)
    ]
    owners = folder / "CODEOWNERS"
    if owners.is_file() and _rewrite(owners, _TEAM, owner):
        changed.append(owners)
    return changed


def _rewrite(path: Path, pattern: re.Pattern[str], text: str) -> bool:
    before = path.read_text(encoding="utf-8")
    after = pattern.sub(text, before)
    if after != before:
        path.write_text(after, encoding="utf-8")
    return after != before
