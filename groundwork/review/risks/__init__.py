"""The risks of a change: one module per concern, with its rules.

Every module has `find(stack)`, which yields the risks of one compared stack. Rules never see secrets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from groundwork.review.compare import StackComparison
from groundwork.review.model import Concern, Kind, PlanResult, Risk, Severity
from groundwork.review.risks import (
    access,
    computed_rules,
    cost,
    data_loss,
    instances,
    network,
    planned,
    protection,
    providers,
    relocated,
    waivers,
)

_MODULES = (data_loss, instances, access, network, computed_rules, protection, cost, providers, waivers)
_CONCERNS = list(Concern)
_SEVERITIES = list(Severity)


def find(stacks: Sequence[StackComparison], plans: Mapping[str, PlanResult]) -> tuple[Risk, ...]:
    """All risks, sorted by severity, concern, stack and address."""
    order = {stack.name: number for number, stack in enumerate(stacks)}
    risks = {risk: None for stack in stacks for module in _MODULES for risk in module.find(stack)}
    risks |= dict.fromkeys(relocated.find(stacks))
    risks |= dict.fromkeys(_planned(stacks, plans, tuple(risks)))
    return tuple(sorted(risks, key=lambda risk: _rank(risk, order)))


def _planned(
    stacks: Sequence[StackComparison], plans: Mapping[str, PlanResult], risks: Sequence[Risk]
) -> Iterator[Risk]:
    compared = {stack.name: stack for stack in stacks}
    for name, plan in plans.items():
        known = {risk.address for risk in risks if risk.stack == name and risk.concern == Concern.DATA_LOSS}
        stack = compared.get(name)
        renamed = [change.before for change in stack.changes if change.kind == Kind.RENAMED] if stack else []
        known |= {resource.address for resource in renamed if resource}
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
