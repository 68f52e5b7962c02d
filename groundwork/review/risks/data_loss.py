"""Destroys and replacements: what holds data first."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Kind, Risk, Severity
from groundwork.review.replacement import HOLDS_DATA

# Of the versions of a layer or function, older ones going is how a deployment works.
_DISPOSABLE = frozenset({"aws_api_gateway_deployment", "aws_lambda_layer_version", "aws_acm_certificate_validation"})


def find(stack: StackComparison) -> Iterator[Risk]:
    """A stack that goes away, and resources that are destroyed or replaced."""
    if stack.state == "removed":
        held = [change for change in stack.changes if not change.resource.is_data]
        yield stack.risk(
            Concern.DATA_LOSS,
            Severity.HIGH,
            f"The stack is no longer in the code: its {len(held)} resources are orphaned until it is destroyed.",
        )
    for change in stack.changes:
        yield from _change(change)


def _change(change: Change) -> Iterator[Risk]:
    resource = change.resource
    if resource.is_data or resource.type in _DISPOSABLE:
        return
    lost = HOLDS_DATA.get(resource.type)
    if change.kind == Kind.REMOVED:
        if lost:
            yield _high(change, f"{resource.type} is destroyed, and {_with(lost)}.")
        else:
            yield change.risk(Concern.DATA_LOSS, Severity.LOW, f"{resource.type} is destroyed.")
    elif change.kind == Kind.RENAMED and not change.moved:
        sentence = f"{resource.type} is destroyed and created again under another address"
        if lost:
            yield _high(change, f"{sentence}, and {_with(lost)}; one line of Python keeps it.")
        else:
            yield change.risk(Concern.DATA_LOSS, Severity.MEDIUM, f"{sentence}; one line of Python keeps it.")
    if change.forces_replacement:
        sentence = f"{resource.type} is replaced, because {_listed(change.forces_replacement)} cannot be changed"
        if lost:
            yield _high(change, f"{sentence}; {_with(lost)}.")
        else:
            yield change.risk(Concern.DATA_LOSS, Severity.MEDIUM, f"{sentence}.")
    yield from _made_destroyable(change)


_DESTROYABLE = (
    ("force_destroy", "a destroy deletes the objects too"),
    ("force_delete", "a destroy deletes the content too"),
    ("force_overwrite_replica_secret", "secrets in other regions are overwritten"),
    ("skip_final_snapshot", "a destroy leaves no copy behind"),
)


def _made_destroyable(change: Change) -> Iterator[Risk]:
    """Switches that let a destroy take the content along; of something new it is worth a look only."""
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


def _with(lost: str) -> str:
    return lost if lost.startswith("whatever") else f"{lost} with it"


def _listed(paths: tuple[str, ...]) -> str:
    return ", ".join(paths)
