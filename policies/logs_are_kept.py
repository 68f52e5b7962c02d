"""Production keeps its logs for a year: PCI DSS 4.0, requirement 10.5.1."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.review.compare import StackComparison
from groundwork.review.model import Concern, Risk, Rule, Severity

RULE = Rule(
    severity=Severity.MEDIUM,
    owner="platform-security",
    docs="https://www.pcisecuritystandards.org/document_library/",
)
ENVIRONMENTS = frozenset({"prod"})
DAYS = 365


def find(stack: StackComparison) -> Iterator[Risk]:
    """Log groups that are new or changed and delete their entries earlier; without a number they keep them for ever."""
    if stack.snapshot.environment not in ENVIRONMENTS:
        return
    for change in stack.changes:
        if change.after is None or change.after.type != "aws_cloudwatch_log_group":
            continue
        days = change.after.body.get("retention_in_days")
        if isinstance(days, int) and 0 < days < DAYS:
            sentence = f"The log group keeps entries for {days} days; production keeps them for {DAYS}."
            yield change.risk(Concern.POLICY, RULE.severity, sentence)
