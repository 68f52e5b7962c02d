"""What a plan does to a stack, read from Terraform's JSON: outcome, counts, addresses, data that would be lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groundwork.plan.bundle import Counts, Outcome
from groundwork.plan.fingerprint import Plan, changed_outputs, changed_resources, name_of
from groundwork.synthesis import data_holders

_VERBS = {"update": "change", "delete": "destroy", "no-op": ""}
"""Terraform's actions that Terraform itself shows to people under another name."""


def counts(plan: Plan) -> Counts:
    """Resources that a plan touches."""
    changes = [resource["change"] for resource in changed_resources(plan)]
    return Counts(
        add=sum("create" in change["actions"] for change in changes),
        change=sum("update" in change["actions"] for change in changes),
        destroy=sum("delete" in change["actions"] for change in changes),
        imports=sum(change.get("importing") is not None for change in changes),
        forget=sum("forget" in change["actions"] for change in changes),
    )


def changes(plan: Plan) -> dict[str, str]:
    """Address → what a plan does to the resource, without its values."""
    return {name_of(resource): _verbs(resource) for resource in changed_resources(plan)}


def outcome(plan: Plan) -> Outcome:
    """The plan in a word. A move, an import, a resource that Terraform forgets, or an output alone is a change."""
    resources = changed_resources(plan)
    if any(_replaces(resource) for resource in resources):
        return "replace"
    if any("delete" in resource["change"]["actions"] for resource in resources):
        return "destroy"
    return "change" if resources or changed_outputs(plan) else "no change"


def protected_destroys(plan: Plan) -> tuple[str, ...]:
    """Addresses of resources that hold data and would be destroyed or replaced."""
    return tuple(
        sorted(
            {
                str(resource["address"])
                for resource in changed_resources(plan)
                if "delete" in resource["change"]["actions"] and data_holders.lost_with(resource["type"])
            }
        )
    )


def _verbs(resource: Mapping[str, Any]) -> str:
    change = resource["change"]
    verbs = ["import"] if change.get("importing") is not None else []
    verbs += [f"move from {resource['previous_address']}"] if resource.get("previous_address") else []
    verbs += ["replace"] if _replaces(resource) else [_VERBS.get(action, action) for action in change["actions"]]
    return " and ".join(verb for verb in verbs if verb)


def _replaces(resource: Mapping[str, Any]) -> bool:
    return {"create", "delete"} <= set(resource["change"]["actions"])
