"""What a reviewer looks for first: one module per family of findings, each with its rules and their reasons.

Every module offers `find(stack)`: the findings of one compared stack. Rules see values without secrets.
"""

from __future__ import annotations

from collections.abc import Sequence

from groundwork.review.compare import StackComparison
from groundwork.review.model import Concern, Finding, Severity
from groundwork.review.risks import access, cost, data_loss, network, protection, providers, waivers

_FAMILIES = (data_loss, access, network, protection, cost, providers, waivers)
_CONCERNS = list(Concern)
_SEVERITIES = list(Severity)


def find(stacks: Sequence[StackComparison]) -> tuple[Finding, ...]:
    """All findings: the worst first, then by family, stack and address."""
    order = {stack.name: number for number, stack in enumerate(stacks)}
    found = {finding: None for stack in stacks for family in _FAMILIES for finding in family.find(stack)}
    return tuple(sorted(found, key=lambda one: _rank(one, order)))


def _rank(finding: Finding, order: dict[str, int]) -> tuple[int, int, int, str]:
    return (
        _SEVERITIES.index(finding.severity),
        _CONCERNS.index(finding.concern),
        order.get(finding.stack, len(order)),
        finding.address,
    )
