"""What exists in the embedded AWS, per account, region and service."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Inventory:
    """Identifiers by account, region and service; keys that wait for their deletion stand apart."""

    resources: dict[str, dict[str, dict[str, list[str]]]] = field(default_factory=dict)
    pending_deletion: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """As /_groundwork/inventory answers it."""
        return {"resources": self.resources, "pending_deletion": self.pending_deletion}


def take_inventory() -> Inventory:
    """List everything; call inside the gate."""
    return Inventory()
