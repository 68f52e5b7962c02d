"""Resources that are destroyed or replaced, and whether they hold data."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Kind, Risk, Severity
from groundwork.review.rename_causes import RenameCause
from groundwork.review.snapshot import Resource, StackSnapshot
from groundwork.review.values import plain
from groundwork.synthesis import data_holders

# Deployments regularly remove older versions of these.
_DISPOSABLE = frozenset({"aws_api_gateway_deployment", "aws_lambda_layer_version", "aws_acm_certificate_validation"})
# Where AWS's name of a resource stands, in this order.
_NAMES = ("bucket", "name", "identifier", "cluster_identifier", "domain_name", "replication_group_id", "description")


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
    for cause in stack.rename_causes:
        yield _renamed(stack.name, cause)
    if stack.after:
        yield from _destroyed_in_the_state(stack, stack.after)


def _renamed(stack: str, cause: RenameCause) -> Risk:
    """Resources that Terraform destroys and creates again only for their address, by what gives them another one."""
    resources = [rename.after for rename in cause.renames]
    holders = [resource for resource in resources if data_holders.lost_with(resource.type)]
    number, it = len(resources), "it" if len(resources) == 1 else "them"
    hold = f", {len(holders)} {'holds' if len(holders) == 1 else 'hold'} data" if holders else ""
    return Risk(
        concern=Concern.DATA_LOSS,
        severity=Severity.HIGH if holders else Severity.MEDIUM,
        stack=stack,
        address=(holders or resources)[0].address,
        sentence=f"{cause.what}: {number} {'resource' if number == 1 else 'resources'}{hold}; Terraform destroys {it} "
        f"and creates {it} again. To avoid that, {cause.fix}.",
        origin=cause.origin,
        advice=cause.advice,
    )


def _destroyed_in_the_state(stack: StackComparison, after: StackSnapshot) -> Iterator[Risk]:
    """`removed` blocks of resources that base's code does not have, but the state may."""
    known = stack.before.removed if stack.before else {}
    for address, destroys in after.removed.items():
        if destroys and address not in known and address not in stack.base_resources:
            lost = data_holders.lost_at(address)
            what = f", and {lost} with it" if lost else ""
            severity = Severity.HIGH if lost else Severity.MEDIUM
            yield stack.risk(Concern.DATA_LOSS, severity, f"A removed block destroys {address}{what}.")


def _change(change: Change) -> Iterator[Risk]:
    resource = change.resource
    if resource.is_data or resource.type in _DISPOSABLE:
        return
    lost = data_holders.lost_with(resource.type)
    if change.kind == Kind.REMOVED:
        if lost:
            yield _high(change, f"{_named(resource)} is destroyed, and {lost} with it.")
        else:
            yield change.risk(Concern.DATA_LOSS, Severity.LOW, f"{resource.type} is destroyed.")
    elif change.kind == Kind.FORGOTTEN:
        sentence = f"{_named(resource)} is no longer managed: it stays in AWS, and no code describes it."
        yield change.risk(Concern.DATA_LOSS, Severity.MEDIUM if lost else Severity.LOW, sentence)
    if change.forces_replacement:
        sentence = f"{_named(resource)} is replaced, because {', '.join(change.forces_replacement)} cannot be changed"
        if lost:
            yield _high(change, f"{sentence}; {lost} with it.")
        else:
            yield change.risk(Concern.DATA_LOSS, Severity.MEDIUM, f"{sentence}.")
    yield from _destroyable(change)


def _named(resource: Resource) -> str:
    """The type, with AWS's name where the code says it."""
    texts = (plain(resource.body.get(name)) for name in _NAMES)
    name = next((text for text in texts if isinstance(text, str) and "${" not in text), "")
    return f"{resource.type} {name}".rstrip()


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
