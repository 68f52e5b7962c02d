"""The risks of a change: one module per family, each with its rules and their reasons.

Every module offers `find(stack)`: the risks of one compared stack. Rules see values without secrets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from groundwork.review.compare import StackComparison
from groundwork.review.model import Concern, Kind, PlanResult, Risk, Severity
from groundwork.review.risks import access, cost, data_loss, network, planned, protection, providers, relocated, waivers

_FAMILIES = (data_loss, access, network, protection, cost, providers, waivers)
_CONCERNS = list(Concern)
_SEVERITIES = list(Severity)


def find(stacks: Sequence[StackComparison], plans: Mapping[str, PlanResult]) -> tuple[Risk, ...]:
    """All risks: the worst first, then by family, stack and address."""
    order = {stack.name: number for number, stack in enumerate(stacks)}
    risks = {finding: None for stack in stacks for family in _FAMILIES for finding in family.find(stack)}
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
        known |= {risk.address for risk in renamed if risk}
        resources = {**stack.base_resources, **stack.head_resources} if stack else {}
        origins = {address: risk.origin for address, risk in resources.items()}
        yield from planned.find(name, plan, known=known, origins=origins)


def _rank(finding: Risk, order: dict[str, int]) -> tuple[int, int, int, str, str]:
    return (
        _SEVERITIES.index(finding.severity),
        _CONCERNS.index(finding.concern),
        order.get(finding.stack, len(order)),
        finding.address,
        finding.sentence,
    )
