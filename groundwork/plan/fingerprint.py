"""What a plan would do, without what is different each time it is made.

Two plans of the same change have the same digest; another value, also a sensitive one, gives another. Terraform's plan
as JSON holds secrets in clear: it comes in as a value and leaves as a digest, and is written nowhere.
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

    Kept of a resource: actions, before, after, what is unknown or sensitive in them, which paths force a replacement,
    where it moved from, what is imported. Left out: resources that stay, data sources, times, versions, reasons, and
    the order of resources and of replacing paths, which mean nothing. The order inside values is kept: Terraform
    itself orders sets, and of a list it is part of the change.

    `providers` is how each provider is configured, without its version: the same resource made in another region or
    account is another change, and the resource alone does not show it.
    """
    return {
        "resources": {name_of(one): _resource(one) for one in changed_resources(plan)},
        "outputs": {name: _values(change) for name, change in changed_outputs(plan).items()},
        "providers": {
            key: {"source": one.get("full_name", ""), "settings": one.get("expressions", {})}
            for key, one in plan.get("configuration", {}).get("provider_config", {}).items()
        },
    }


def changed_resources(plan: Plan) -> list[Mapping[str, Any]]:
    """The entries of `resource_changes` that something happens to: an action, a move, or an import."""
    return [
        one
        for one in plan.get("resource_changes", [])
        if one.get("mode") != "data"
        and tuple(one["change"]["actions"]) != _READ
        and (
            tuple(one["change"]["actions"]) != _NOTHING
            or one.get("previous_address")
            or one["change"].get("importing") is not None
        )
    ]


def changed_outputs(plan: Plan) -> dict[str, Mapping[str, Any]]:
    """The entries of `output_changes` that are not as before."""
    return {name: one for name, one in plan.get("output_changes", {}).items() if tuple(one["actions"]) != _NOTHING}


def name_of(resource: Mapping[str, Any]) -> str:
    """The address, and which of the resource's deposed objects is meant where it is one."""
    deposed = resource.get("deposed")
    return f"{resource['address']} ({deposed})" if deposed else str(resource["address"])


def _resource(resource: Mapping[str, Any]) -> dict[str, Any]:
    change = resource["change"]
    kept = {"type": resource["type"], **_values(change)}
    if change.get("replace_paths"):
        kept["replace_paths"] = sorted(change["replace_paths"], key=json.dumps)
    if resource.get("previous_address"):
        kept["moved_from"] = resource["previous_address"]
    if change.get("importing") is not None:
        kept["importing"] = change["importing"]
    return kept


def _values(change: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "actions": list(change["actions"]),
        "before": change.get("before"),
        "after": change.get("after"),
        # Whether a branch without a single mark is spelled as false, [] or {} differs between Terraform's versions.
        "unknown": _marks(change.get("after_unknown")),
        "sensitive": [_marks(change.get("before_sensitive")), _marks(change.get("after_sensitive"))],
    }


def _marks(value: object) -> object:
    """Only the branches that end in true; None where there is none."""
    if isinstance(value, Mapping):
        kept = {name: marks for name, one in value.items() if (marks := _marks(one)) is not None}
        return kept or None
    if isinstance(value, Sequence) and not isinstance(value, str):
        kept = {str(place): marks for place, one in enumerate(value) if (marks := _marks(one)) is not None}
        return kept or None
    return True if value is True else None
