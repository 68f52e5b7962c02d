"""Resources that are destroyed or replaced, and whether they hold data."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Kind, Risk, Severity
from groundwork.synthesis import data_holders

# Deployments regularly remove older versions of these.
_DISPOSABLE = frozenset({"aws_api_gateway_deployment", "aws_lambda_layer_version", "aws_acm_certificate_validation"})


def find(stack: StackComparison) -> Iterator[Risk]:
    """Stacks that are removed, and resources that are destroyed or replaced."""
    if stack.state == "removed":
        number = sum(not change.resource.is_data for change in stack.changes)
        yield stack.risk(
            Concern.DATA_LOSS,
            Severity.HIGH,
            f"The stack is no longer in the code: its {number} resources are orphaned until it is destroyed.",
        )
    for change in stack.changes:
        yield from _change(change)


def _change(change: Change) -> Iterator[Risk]:
    resource = change.resource
    if resource.is_data or resource.type in _DISPOSABLE:
        return
    lost = data_holders.lost_with(resource.type)
    if change.kind == Kind.REMOVED:
        if lost:
            yield _high(change, f"{resource.type} is destroyed, and {lost} with it.")
        else:
            yield change.risk(Concern.DATA_LOSS, Severity.LOW, f"{resource.type} is destroyed.")
    elif change.kind == Kind.RENAMED and not change.moved:
        sentence = f"{resource.type} is destroyed and created again under another address"
        if lost:
            yield _high(change, f"{sentence}, and {lost} with it; one line of Python keeps it.")
        else:
            yield change.risk(Concern.DATA_LOSS, Severity.MEDIUM, f"{sentence}; one line of Python keeps it.")
    if change.forces_replacement:
        sentence = f"{resource.type} is replaced, because {', '.join(change.forces_replacement)} cannot be changed"
        if lost:
            yield _high(change, f"{sentence}; {lost} with it.")
        else:
            yield change.risk(Concern.DATA_LOSS, Severity.MEDIUM, f"{sentence}.")
    yield from _destroyable(change)


_DESTROYABLE = (
    ("force_destroy", "a destroy deletes the objects too"),
    ("force_delete", "a destroy deletes the content too"),
    ("force_overwrite_replica_secret", "secrets in other regions are overwritten"),
    ("skip_final_snapshot", "a destroy leaves no copy behind"),
)


def _destroyable(change: Change) -> Iterator[Risk]:
    """Switches that let a destroy delete the content; less severe for a new resource, which holds nothing yet."""
    if change.after is None:
        return
    before, after = (change.before.body if change.before else {}), change.after.body
    severity = Severity.HIGH if change.before else Severity.MEDIUM
    for name, what in _DESTROYABLE:
        if after.get(name) is True and before.get(name) is not True:
            yield change.risk(Concern.DATA_LOSS, severity, f"{name} is switched on: {what}.")
    days = after.get("recovery_window_in_days")
    if change.after.type == "aws_secretsmanager_secret" and days == 0 != before.get("recovery_window_in_days"):
        sentence = "recovery_window_in_days is 0: a deleted secret cannot be restored."
        yield change.risk(Concern.DATA_LOSS, severity, sentence)


def _high(change: Change, sentence: str) -> Risk:
    return change.risk(Concern.DATA_LOSS, Severity.HIGH, sentence)
