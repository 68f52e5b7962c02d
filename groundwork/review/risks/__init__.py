"""The risks of a change: one module per concern, with its rules.

Every module has `find(stack)`, which yields the risks of one compared stack. Rules never see secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import ModuleType

from groundwork.review.compare import StackComparison
from groundwork.review.model import Concern, Kind, PlanResult, Risk, Severity
from groundwork.review.risks import (
    access,
    availability,
    baked_secrets,
    cluster_objects,
    computed_rules,
    cost,
    data_loss,
    expiry,
    firewall,
    foreign_accounts,
    instances,
    network,
    planned,
    pods,
    programs,
    protection,
    providers,
    relocated,
    waivers,
)

_MODULES = (
    data_loss, expiry, instances, baked_secrets, access, pods, cluster_objects, network, firewall, computed_rules,
    programs, protection, availability, cost, providers, waivers,
)  # fmt: skip
_CONCERNS = list(Concern)
_SEVERITIES = list(Severity)


def find(stacks: Sequence[StackComparison], plans: Mapping[str, PlanResult]) -> tuple[Risk, ...]:
    """All risks, each once, in no order."""
    risks = {risk: None for stack in stacks for module in _modules(stack) for risk in module.find(stack)}
    risks |= dict.fromkeys(foreign_accounts.find(stacks))
    risks |= dict.fromkeys(relocated.find(stacks))
    risks |= dict.fromkeys(_planned(stacks, plans, tuple(risks)))
    return tuple(risks)


def ranked(risks: Iterable[Risk], stacks: Sequence[StackComparison]) -> tuple[Risk, ...]:
    """Each risk once, sorted by severity, concern, stack and address."""
    order = {stack.name: number for number, stack in enumerate(stacks)}
    return tuple(sorted(dict.fromkeys(risks), key=lambda risk: _rank(risk, order)))


def _modules(stack: StackComparison) -> Sequence[ModuleType]:
    """The rules that can have something to say.

    Waivers are beside the Terraform, and `removed` blocks may be of resources that neither side has.
    """
    return (data_loss, waivers) if stack.state == "untouched" else _MODULES


def _planned(
    stacks: Sequence[StackComparison], plans: Mapping[str, PlanResult], risks: Sequence[Risk]
) -> Iterator[Risk]:
    compared = {stack.name: stack for stack in stacks}
    for name, plan in plans.items():
        known = {risk.address for risk in risks if risk.stack == name and risk.concern == Concern.DATA_LOSS}
        stack = compared.get(name)
        renamed = [change for change in stack.changes if change.kind == Kind.RENAMED] if stack else []
        known |= {side.address for change in renamed for side in (change.before, change.after) if side}
        resources = {**stack.base_resources, **stack.head_resources} if stack else {}
        origins = {address: resource.origin for address, resource in resources.items()}
        yield from planned.find(name, plan, known=known, origins=origins)


def _rank(risk: Risk, order: dict[str, int]) -> tuple[int, int, int, str, str]:
    return (
        _SEVERITIES.index(risk.severity),
        _CONCERNS.index(risk.concern),
        order.get(risk.stack, len(order)),
        risk.address,
        risk.sentence,
    )
