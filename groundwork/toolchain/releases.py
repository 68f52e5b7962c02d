"""Release archives of Go programs, pinned in tools/releases.json by their SHA-256, so that nobody has to compile."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from groundwork.paths import Project
from groundwork.toolchain import download
from groundwork.toolchain.terraform import terraform_platform

PLATFORM = "linux_amd64"
"""The only one that is pinned, and the only one that is supported."""


@dataclass(frozen=True)
class Release:
    """An archive of a publisher; the program in it has the name `name`."""

    name: str
    version: str
    url: str
    sha256: str

    def place(self, project: Project) -> Path:
        """Where its program is, once it has been downloaded; another archive has another place."""
        return project.cache / "tools" / self.name / f"release-{self.sha256[:16]}" / self.name

    def download(self, project: Project, on_progress: Callable[[str], None]) -> Path:
        """Put the program into its place; raises ToolMissing where the host does not answer with the pinned archive."""
        to = self.place(project)
        to.parent.mkdir(parents=True, exist_ok=True)
        download.member_of_archive(self.url, sha256=self.sha256, member=self.name, to=to, on_progress=on_progress)
        return to


def pinned(name: str, version: str, project: Project) -> Release | None:
    """The release of a program in exactly that version; None where none is pinned for this platform."""
    file = project.tools / "releases.json"
    if terraform_platform() != PLATFORM or not file.is_file():
        return None
    entry = json.loads(file.read_text(encoding="utf-8")).get(name)
    if entry is None or entry["version"] != version:
        return None  # an update of the module comes before that of the pin: then it is built
    return Release(name, version, entry["url"], entry["sha256"])
