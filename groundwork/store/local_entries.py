"""The journal of this machine: plain deploys to the laptop, whose plan store may be made by that very deploy."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from groundwork.errors import UsageError
from groundwork.files import write_atomically
from groundwork.paths import Project
from groundwork.store import audit
from groundwork.store.journal import Journal
from groundwork.store.objects import AlreadyStored, NotStored


@dataclass(frozen=True)
class LocalEntries:
    """Write-once files below `folder`, readable by their owner alone; see groundwork.store.objects.Entries."""

    folder: Path

    def put_new(self, key: str, body: bytes, *, media_type: str) -> object:  # noqa: ARG002 - files have no type
        """See Entries; raises UsageError where the file cannot be written, as on a full disk."""
        path = self.folder / key
        if path.exists():
            raise AlreadyStored(str(path))
        try:
            write_atomically(path, body, mode=0o600)
        except OSError as error:
            raise UsageError(
                f"{path} cannot be written ({error.strerror}), and without it nobody would know of a killed apply",
                fix=f"make room on the disk and let yourself write to {self.folder}, then run the same command again",
            ) from error
        return path

    def newest(self, key: str) -> bytes:
        """See Entries."""
        try:
            return (self.folder / key).read_bytes()
        except FileNotFoundError as error:
            raise NotStored(key) from error

    def keys(self, prefix: str) -> list[str]:
        """See Entries; drafts of a killed run do not count."""
        folder = self.folder / prefix.rpartition("/")[0]
        files = (path.relative_to(self.folder).as_posix() for path in folder.rglob("[!.]*") if path.is_file())
        return sorted(key for key in files if key.startswith(prefix))


def local_journal(project: Project) -> Journal:
    """The journal of plain deploys of a checkout."""
    return Journal(LocalEntries(project.work))


def forget(project: Project) -> None:
    """Remove it: the embedded AWS that its applies changed is empty again."""
    shutil.rmtree(project.work / audit.PREFIX, ignore_errors=True)
