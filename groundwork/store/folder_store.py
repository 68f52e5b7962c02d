"""The store as a folder below .groundwork: for the laptop before its `delivery` stack exists, and for tests."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from groundwork.store.objects import AlreadyStored, NotReadable, NotStored, Place


@dataclass(frozen=True)
class FolderObjects:
    """Files below `root`, each written once and whole; a file has no versions, so its version is empty."""

    root: Path

    def put_new(
        self,
        key: str,
        body: bytes,
        *,
        media_type: str,  # noqa: ARG002 - files have none
        for_planners: bool = False,  # noqa: ARG002 - a laptop's user plans and applies
    ) -> Place:
        """See Objects."""
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        try:
            with draft.open("xb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            # A link, unlike a rename, refuses to replace what is there.
            path.hardlink_to(draft)
        except FileExistsError as error:
            raise AlreadyStored(key) from error
        finally:
            draft.unlink(missing_ok=True)
        return Place(str(path), "")

    def key_of(self, location: str) -> str:
        """See Objects."""
        path, root = Path(os.path.normpath(location)), Path(os.path.normpath(self.root))
        if not path.is_absolute() or not path.is_relative_to(root):
            raise NotReadable(f"{location} does not lie in {self.root}")
        return path.relative_to(root).as_posix()

    def get(self, key: str, version: str) -> bytes:
        """See Objects."""
        if version:
            raise NotStored(f"{key} has no version {version}: files have none")
        return self.newest(key)

    def newest(self, key: str) -> bytes:
        """See Objects."""
        path = self.root / key
        if path.is_symlink() or not path.is_file():
            raise NotStored(str(path))
        return path.read_bytes()

    def keys(self, prefix: str) -> list[str]:
        """See Objects."""
        found = (path for path in self.root.rglob("*") if path.is_file() and not path.name.startswith("."))
        keys = (path.relative_to(self.root).as_posix() for path in found)
        return sorted(key for key in keys if key.startswith(prefix))
