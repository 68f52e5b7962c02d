"""How far an apply got, from its plan and the current state. Values are compared, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from groundwork.plan.fingerprint import Plan, changed_resources
from groundwork.synthesis.resources import Resource

State = Mapping[str, Any]

Progress = Literal["done", "not recorded", "tainted", "unknown"]
"""`not recorded`: it is not in the state, but may exist in AWS. `tainted`: Terraform did not finish creating it."""


@dataclass(frozen=True)
class Step:
    """One planned change. `taggable` is whether its type has tags, by which AWS lists a resource that no state has."""

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
    """Every planned change of a managed resource and how far it got, in the plan's order."""
    current = instances(state)
    return [
        Step(
            resource["address"],
            resource["type"],
            action := _action(resource["change"]["actions"]),
            _progress(action, resource["change"], current.get(resource["address"])),
            _is_taggable(resource["change"]),
        )
        for resource in changed_resources(plan)
    ]


def of_code(resources: Iterable[Resource], state: State) -> list[Step]:
    """Every resource of the code and whether the state has it, in the code's order: what there is without a plan."""
    current = {address.partition("[")[0]: instance for address, instance in instances(state).items()}
    return [
        Step(
            resource.address,
            resource.type,
            "create",
            _progress("create", {}, current.get(resource.address)),
            taggable=True,
        )
        for resource in resources
        if not resource.is_data
    ]


def instances(state: State) -> dict[str, Instance]:
    """Address → managed resource, for everything in a state of format 4."""
    managed = {}
    for resource in state.get("resources", ()):
        if resource["mode"] != "managed":
            continue
        base = f"{resource['module']}." if resource.get("module") else ""
        for instance in resource["instances"]:
            if instance.get("deposed"):
                continue
            key = instance.get("index_key")
            index = "" if key is None else f"[{key}]" if isinstance(key, int) else f'["{key}"]'
            address = f"{base}{resource['type']}.{resource['name']}{index}"
            attributes = instance.get("attributes") or {}
            managed[address] = Instance(resource["type"], attributes, instance.get("status") == "tainted")
    return managed


def _is_taggable(change: Mapping[str, Any]) -> bool:
    """Whether the provider's schema has tags for the type: then a planned resource has `tags_all`, known or not."""
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


def _progress(action: str, change: Mapping[str, Any], current: Instance | None) -> Progress:
    if action == "other":
        return "unknown"
    if action == "delete":
        return "done" if current is None else "not recorded"
    if current is None:
        return "not recorded"
    if current.tainted:
        return "tainted"
    return "done" if action == "create" else _changed(action, change, current)


def _changed(action: str, change: Mapping[str, Any], current: Instance) -> Progress:
    before, after = change.get("before") or {}, change.get("after") or {}
    if action == "replace":
        return "not recorded" if current.attributes.get("id") == before.get("id") else "done"
    touched = [name for name in after if after[name] != before.get(name)]
    as_after = [_plain(current.attributes.get(name)) == after[name] for name in touched]
    as_before = [_plain(current.attributes.get(name)) == before.get(name) for name in touched]
    if not touched or any(as_after) == any(as_before):
        return "unknown"
    return "done" if all(as_after) else "not recorded" if all(as_before) else "unknown"


def _plain(value: object) -> object:
    """A state wraps a value of dynamic type in a pair of value and type; a plan does not."""
    return value["value"] if isinstance(value, Mapping) and value.keys() == {"value", "type"} else value
