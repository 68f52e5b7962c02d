"""Makes findings from changes."""

from __future__ import annotations

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Finding, Line, Severity


def of(change: Change, concern: Concern, severity: Severity, sentence: str) -> Finding:
    """A finding about one resource, with the lines of Python that create it."""
    one = change.resource
    return Finding(
        concern=concern,
        severity=severity,
        stack=change.stack,
        address=one.address,
        sentence=sentence,
        origin=one.origin,
    )


def of_stack(
    stack: StackComparison, concern: Concern, severity: Severity, sentence: str, *, origin: tuple[Line, ...] = ()
) -> Finding:
    """A finding about a whole stack."""
    return Finding(concern=concern, severity=severity, stack=stack.name, address="", sentence=sentence, origin=origin)
