"""Stacks that have a state but no code any more. cdktf forgets them, so nothing would ever plan their destruction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from groundwork.state.state_store import StateStore


@dataclass(frozen=True)
class Orphan:
    """A stack that was removed from the code. `resources` counts what its state still holds."""

    stack: str
    key: str
    resources: int


def find(store: StateStore, environment: str, stacks: Collection[str]) -> list[Orphan]:
    """The orphans of one environment, by name. `store` is the state of any of its stacks; `stacks` are in the code.

    A state without resources does not make an orphan: the stack was destroyed, and its history is kept on purpose.
    """
    prefix, suffix = f"{environment}/", ".tfstate"
    orphans = []
    for key in store.keys(prefix):
        name = f"{environment}-{key.removeprefix(prefix).removesuffix(suffix)}"
        if not key.endswith(suffix) or "/" in key.removeprefix(prefix) or name in stacks:
            continue
        state = store.sibling(key).state() or {}
        managed = [resource for resource in state.get("resources", ()) if resource["mode"] == "managed"]
        if count := sum(len(resource["instances"]) for resource in managed):
            orphans.append(Orphan(name, key, count))
    return sorted(orphans, key=lambda orphan: orphan.stack)
