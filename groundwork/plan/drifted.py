"""What a plan's refresh found changed outside of Terraform, and which of that counts as drift.

`gw drift` and the gate before an apply judge it the same way. Names only: values may be secrets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from groundwork.plan.fingerprint import Plan


@dataclass(frozen=True)
class Difference:
    """A resource or output, and the names of what differs in it; `how` is changed, deleted, create, update …"""

    address: str
    attributes: tuple[str, ...]
    how: str


@dataclass(frozen=True)
class Drifted:
    """`drift` is what the code sets, what the plan would undo, and what is deleted; `computed` changed by itself."""

    drift: tuple[Difference, ...]
    computed: tuple[Difference, ...]


def of_plan(plan: Plan, *, since: Plan | None = None) -> Drifted:
    """What a plan found changed outside of Terraform; with `since`, only what that earlier plan did not have."""
    known = {resource["address"]: resource["change"] for resource in (since or {}).get("resource_drift", ())}
    judged = [
        (difference, counts) for difference, change, counts in _judged(plan) if known.get(difference.address) != change
    ]
    return Drifted(
        drift=tuple(difference for difference, counts in judged if counts),
        computed=tuple(difference for difference, counts in judged if not counts),
    )


def changed_attributes(change: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of attributes that differ, by `_meaning`."""
    before, after = _meaning(change.get("before")) or {}, _meaning(change.get("after")) or {}
    return tuple(name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name))


def _meaning(value: Any) -> Any:
    """A value without what says nothing, at any depth: null, false, 0, empty and absent are equal.

    A refresh replaces one by another. What the code leaves out is null in the state until AWS is read, and then what
    the provider makes of AWS's answer.
    """
    if isinstance(value, Mapping):
        return {name: inner for name, item in value.items() if (inner := _meaning(item)) is not None} or None
    if isinstance(value, list):
        return [_meaning(item) for item in value] or None
    return value or None


def _judged(plan: Plan) -> Iterator[tuple[Difference, Mapping[str, Any], bool]]:
    configured = {
        resource["address"]: set(resource.get("expressions", {}))
        for resource in plan.get("configuration", {}).get("root_module", {}).get("resources", ())
    }
    planned = {resource["address"]: resource["change"] for resource in plan.get("resource_changes", ())}
    for resource in plan.get("resource_drift", ()):
        change, address = resource["change"], resource["address"]
        if change["actions"] == ["no-op"]:
            continue
        if "delete" in change["actions"]:
            yield Difference(address, (), "deleted"), change, True
            continue
        names = changed_attributes(change)
        if not names:
            continue
        undone = set(changed_attributes(planned[address])) if address in planned else set()
        set_in_code = configured.get(address.partition("[")[0], set())
        counting = tuple(name for name in names if name in set_in_code | undone)
        yield Difference(address, counting or names, "changed"), change, bool(counting)
