"""What a plan would do, without what differs each time it is made.

Plans of the same change have the same digest; any other value, sensitive ones included, gives another digest.
Terraform's plan as JSON holds secrets in clear: it comes in as a value, leaves as a digest, and is written nowhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

Plan = Mapping[str, Any]

_NOTHING = ("no-op",)
_READ = ("read",)


def semantic_digest(plan: Plan) -> str:
    """SHA-256 in hex over `normalise(plan)`."""
    text = json.dumps(normalise(plan), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def normalise(plan: Plan) -> dict[str, Any]:
    """The changes of `terraform show -json PLAN`: {"resources": {address: …}, "outputs": {name: …}, "providers": {…}}.

    A resource keeps its actions, before and after, what is unknown or sensitive in them, which paths force a
    replacement, where it moved from, and what is imported. Left out: resources that stay, data sources, times,
    versions, reasons, and the order of resources and of replacing paths, which have no meaning. The order inside values
    stays: Terraform itself sorts sets, and in a list the order is part of the value.

    `providers` is the configuration of each provider, without its version: the same resource in another region or
    account is another change, which the resource alone does not show.
    """
    return {
        "resources": {name_of(resource): _resource(resource) for resource in changed_resources(plan)},
        "outputs": {name: _values(change) for name, change in changed_outputs(plan).items()},
        "providers": {
            key: {"source": provider.get("full_name", ""), "settings": provider.get("expressions", {})}
            for key, provider in plan.get("configuration", {}).get("provider_config", {}).items()
        },
    }


def changed_resources(plan: Plan) -> list[Mapping[str, Any]]:
    """The entries of `resource_changes` with an action, a move, or an import."""
    return [
        resource
        for resource in plan.get("resource_changes", [])
        if resource.get("mode") != "data"
        and tuple(resource["change"]["actions"]) != _READ
        and (
            tuple(resource["change"]["actions"]) != _NOTHING
            or resource.get("previous_address")
            or resource["change"].get("importing") is not None
        )
    ]


def changed_outputs(plan: Plan) -> dict[str, Mapping[str, Any]]:
    """The entries of `output_changes` whose value changes."""
    return {
        name: change for name, change in plan.get("output_changes", {}).items() if tuple(change["actions"]) != _NOTHING
    }


def name_of(resource: Mapping[str, Any]) -> str:
    """The address, followed by the key of the deposed object where it is one."""
    deposed = resource.get("deposed")
    return f"{resource['address']} ({deposed})" if deposed else str(resource["address"])


def _resource(resource: Mapping[str, Any]) -> dict[str, Any]:
    change = resource["change"]
    normalised = {"type": resource["type"], **_values(change)}
    if change.get("replace_paths"):
        normalised["replace_paths"] = sorted(change["replace_paths"], key=json.dumps)
    if resource.get("previous_address"):
        normalised["moved_from"] = resource["previous_address"]
    if change.get("importing") is not None:
        normalised["importing"] = change["importing"]
    return normalised


def _values(change: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "actions": list(change["actions"]),
        "before": change.get("before"),
        "after": change.get("after"),
        # Terraform's versions differ in how they write a branch without marks: false, [] or {}.
        "unknown": _marks(change.get("after_unknown")),
        "sensitive": [_marks(change.get("before_sensitive")), _marks(change.get("after_sensitive"))],
    }


def _marks(value: object) -> object:
    """Only the branches that end in true; None where there are no such branches."""
    if isinstance(value, Mapping):
        marked = {name: marks for name, below in value.items() if (marks := _marks(below)) is not None}
        return marked or None
    if isinstance(value, Sequence) and not isinstance(value, str):
        marked = {str(place): marks for place, below in enumerate(value) if (marks := _marks(below)) is not None}
        return marked or None
    return True if value is True else None
