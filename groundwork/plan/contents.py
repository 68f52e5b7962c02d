"""What a plan does to a stack, read from Terraform's JSON: outcome, counts, addresses, data that would go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from groundwork.plan.bundle import Counts, Outcome
from groundwork.plan.fingerprint import Plan, changed_outputs, changed_resources, name_of
from groundwork.synthesis import data_holders

_WORDS = {"update": "change", "delete": "destroy", "no-op": ""}
"""Terraform's actions, where they are called otherwise in what it prints."""


def counts(plan: Plan) -> Counts:
    """Resources that a plan touches."""
    actions = [one["change"]["actions"] for one in changed_resources(plan)]
    return Counts(
        add=sum("create" in one for one in actions),
        change=sum("update" in one for one in actions),
        destroy=sum("delete" in one for one in actions),
    )


def changes(plan: Plan) -> dict[str, str]:
    """Address → what a plan does to the resource, without any value of it."""
    return {name_of(one): _doing(one) for one in changed_resources(plan)}


def outcome(plan: Plan) -> Outcome:
    """The plan in a word. A move, an import, a resource that is forgotten, or an output alone is a change."""
    changed = changed_resources(plan)
    if any(_replaces(one) for one in changed):
        return "replace"
    if any("delete" in one["change"]["actions"] for one in changed):
        return "destroy"
    return "change" if changed or changed_outputs(plan) else "no change"


def protected_destroys(plan: Plan) -> tuple[str, ...]:
    """Addresses of resources that hold data and would be destroyed or replaced."""
    return tuple(sorted({str(one["address"]) for one in _destroyed(plan) if data_holders.lost_with(one["type"])}))


def _doing(resource: Mapping[str, Any]) -> str:
    change = resource["change"]
    words = ["import"] if change.get("importing") is not None else []
    words += [f"move from {resource['previous_address']}"] if resource.get("previous_address") else []
    words += ["replace"] if _replaces(resource) else [_WORDS.get(one, one) for one in change["actions"]]
    return " and ".join(word for word in words if word)


def _destroyed(plan: Plan) -> Iterator[Mapping[str, Any]]:
    return (one for one in changed_resources(plan) if "delete" in one["change"]["actions"])


def _replaces(resource: Mapping[str, Any]) -> bool:
    return {"create", "delete"} <= set(resource["change"]["actions"])
