"""One compared stack as JSON, for rules that are not written in Python. Secrets are hidden in it, as everywhere."""

from __future__ import annotations

from typing import Any

from groundwork.review.compare import Change, StackComparison
from groundwork.review.snapshot import Resource, StackSnapshot
from groundwork.review.values import plain


def of(stack: StackComparison) -> dict[str, Any]:
    """`changes` as in review.json, each with its resource `before` and `after`, and both sides of the whole stack."""
    return {
        "stack": stack.name,
        "environment": stack.snapshot.environment,
        "state": stack.state,
        "changes": [_change(change) for change in stack.changes],
        "before": _side(stack.before),
        "after": _side(stack.after),
    }


def _change(change: Change) -> dict[str, Any]:
    return {**change.entry().model_dump(mode="json"), "before": _body(change.before), "after": _body(change.after)}


def _side(snapshot: StackSnapshot | None) -> dict[str, Any] | None:
    """Everything of a stack; None where it does not exist. `objects` are those of Helm releases that differ."""
    if snapshot is None:
        return None
    return {
        "resources": {address: _body(resource) for address, resource in snapshot.resources.items()},
        "outputs": plain(snapshot.outputs),
        "settings": plain(snapshot.settings),
        "objects": {address: plain(release.objects) for address, release in snapshot.releases.items()},
    }


def _body(resource: Resource | None) -> Any:
    return None if resource is None else plain(resource.body)
