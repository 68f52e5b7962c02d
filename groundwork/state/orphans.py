"""Stacks that have a state but no code any more. cdktf ignores them, so their destruction would never be planned."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from groundwork.state.state_store import StateStore, count_resources


@dataclass(frozen=True)
class Orphan:
    """A stack that was removed from the code. `resources` counts those in its state."""

    stack: str
    key: str
    resources: int


def find(store: StateStore, environment: str, stacks: Collection[str]) -> list[Orphan]:
    """The orphans of one environment, by name. `store` is the state of any of its stacks, `stacks` those in the code.

    A state without resources is not an orphan: the stack was destroyed, and its history is kept on purpose.
    """
    prefix, suffix = f"{environment}/", ".tfstate"
    orphans = []
    for key in store.keys(prefix):
        name = f"{environment}-{key.removeprefix(prefix).removesuffix(suffix)}"
        if not key.endswith(suffix) or "/" in key.removeprefix(prefix) or name in stacks:
            continue
        if count := count_resources(store.sibling(key).state() or {}):
            orphans.append(Orphan(name, key, count))
    return sorted(orphans, key=lambda orphan: orphan.stack)
