"""Objects that are written once under a key and read by version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class AlreadyStored(Exception):
    """An object exists under the key already; nothing was overwritten."""


class NotStored(Exception):
    """No such object, or not in that version."""


class NotReadable(Exception):
    """Bundles are not read from this location, or the caller may not read it."""


@dataclass(frozen=True)
class Place:
    """Where an object lies: `location` is s3://bucket/key."""

    location: str
    version: str


class Entries(Protocol):
    """Write-once bytes. Keys are POSIX paths without a leading slash."""

    def put_new(self, key: str, body: bytes, *, media_type: str) -> object:
        """Store bytes under a new key; raises AlreadyStored where the key exists."""

    def newest(self, key: str) -> bytes:
        """The newest bytes under a key; raises NotStored, NotReadable."""

    def keys(self, prefix: str) -> list[str]:
        """Every key that begins with `prefix`, in order."""


class Objects(Entries, Protocol):
    """The same, with versions."""

    def put_new(self, key: str, body: bytes, *, media_type: str, for_planners: bool = False) -> Place:
        """Store bytes under a new key; raises AlreadyStored where the key exists.

        `for_planners`: encrypted so that the roles that plan can read it, unlike every other object.
        """

    def key_of(self, location: str) -> str:
        """The key behind a location of this store; raises NotReadable for any other location."""

    def get(self, key: str, version: str) -> bytes:
        """Exactly that version's bytes; raises NotStored, NotReadable."""
