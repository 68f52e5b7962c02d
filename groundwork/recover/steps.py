"""How far an apply got, from its plan and the state as it is now. Names only: values are compared, never kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from groundwork.plan.fingerprint import changed_resources

Plan = Mapping[str, Any]
State = Mapping[str, Any]

Progress = Literal["done", "not recorded", "half made", "cannot be told"]
"""`not recorded`: the state does not have it, AWS may. `half made`: it is tainted in the state."""


@dataclass(frozen=True)
class Step:
    """One planned change. `taggable` says whether its type carries tags, by which an unrecorded resource is found."""

    address: str
    type: str
    action: Literal["create", "update", "replace", "delete", "other"]
    progress: Progress
    taggable: bool


@dataclass(frozen=True)
class Instance:
    """A resource in a state."""

    type: str
    attributes: Mapping[str, Any]
    tainted: bool


def steps(plan: Plan, state: State) -> list[Step]:
    """Every planned change of a managed resource with what the state says of it, in the plan's order."""
    there = instances(state)
    found = []
    for one in changed_resources(plan):
        action = _action(one["change"]["actions"])
        progress = _progress(action, one["change"], there.get(one["address"]))
        found.append(Step(one["address"], one["type"], action, progress, is_taggable(one)))
    return found


def instances(state: State) -> dict[str, Instance]:
    """Address → managed resource, for everything in a state of format 4."""
    found = {}
    for resource in state.get("resources", ()):
        if resource["mode"] != "managed":
            continue
        base = f"{resource['module']}." if resource.get("module") else ""
        for one in resource["instances"]:
            if one.get("deposed"):
                continue
            key = one.get("index_key")
            index = "" if key is None else f"[{key}]" if isinstance(key, int) else f'["{key}"]'
            address = f"{base}{resource['type']}.{resource['name']}{index}"
            found[address] = Instance(resource["type"], one.get("attributes") or {}, one.get("status") == "tainted")
    return found


def is_taggable(resource: Mapping[str, Any]) -> bool:
    """Whether the provider's schema gives the type tags: then a planned resource has `tags_all`, known or not."""
    change = resource["change"]
    return any("tags_all" in (change.get(part) or {}) for part in ("after", "after_unknown", "before"))


def _action(actions: list[str]) -> Literal["create", "update", "replace", "delete", "other"]:
    match actions:
        case ["create"]:
            return "create"
        case ["update"]:
            return "update"
        case ["delete"]:
            return "delete"
        case ["create", "delete"] | ["delete", "create"]:
            return "replace"
    return "other"


def _progress(action: str, change: Mapping[str, Any], now: Instance | None) -> Progress:
    if action == "other":
        return "cannot be told"
    if action == "delete":
        return "done" if now is None else "not recorded"
    if now is None:
        return "not recorded"
    if now.tainted:
        return "half made"
    return "done" if action == "create" else _changed(action, change, now)


def _changed(action: str, change: Mapping[str, Any], now: Instance) -> Progress:
    before, after = change.get("before") or {}, change.get("after") or {}
    if action == "replace":
        return "not recorded" if now.attributes.get("id") == before.get("id") else "done"
    touched = [name for name in after if after[name] != before.get(name)]
    as_after = [_plain(now.attributes.get(name)) == after[name] for name in touched]
    as_before = [_plain(now.attributes.get(name)) == before.get(name) for name in touched]
    if not touched or any(as_after) == any(as_before):
        return "cannot be told"
    return "done" if all(as_after) else "not recorded" if all(as_before) else "cannot be told"


def _plain(value: object) -> object:
    """A state wraps a value of any type into one that names its type; a plan does not."""
    return value["value"] if isinstance(value, Mapping) and value.keys() == {"value", "type"} else value
