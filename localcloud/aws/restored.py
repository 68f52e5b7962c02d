"""What a server finds when it starts; apart from snapshot.py, so that `gw` need not import what reads snapshots."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Restored:
    """What a server found on the disk when it started.

    `replayed` counts the writes that the journal had beyond the snapshot, `age_seconds` is the snapshot's age.
    `problems` names what could not be restored, and why.
    """

    services: int = 0
    resources: int = 0
    replayed: int = 0
    age_seconds: float = 0.0
    problems: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        """Whether the disk held anything."""
        return bool(self.services or self.replayed or self.problems)
