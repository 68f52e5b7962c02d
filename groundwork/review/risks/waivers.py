"""Findings of checkov or tflint that a change accepts."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.review.compare import StackComparison
from groundwork.review.model import Concern, Risk, Severity
from groundwork.review.snapshot import Waiver


def find(stack: StackComparison) -> Iterator[Risk]:
    """Waivers that are new, last longer, or have another reason."""
    if stack.after is None:
        return
    renamed = {change.before.address: change.resource.address for change in stack.changes if change.before is not None}
    before = {
        (renamed.get(earlier.address, earlier.address), earlier.check): earlier
        for earlier in (stack.before.waivers if stack.before else ())
    }
    for waiver in stack.after.waivers:
        old = before.get((waiver.address, waiver.check))
        if old is None:
            yield _risk(
                stack, waiver, Severity.MEDIUM, f"{waiver.check} is waived until {waiver.expires}: {waiver.reason}"
            )
        elif waiver.expires > old.expires:
            yield _risk(
                stack,
                waiver,
                Severity.LOW,
                f"The waiver of {waiver.check} holds until {waiver.expires} instead of {old.expires}: {waiver.reason}",
            )
        elif waiver.reason != old.reason:
            yield _risk(
                stack, waiver, Severity.LOW, f"The waiver of {waiver.check} has another reason: {waiver.reason}"
            )


def _risk(stack: StackComparison, waiver: Waiver, severity: Severity, sentence: str) -> Risk:
    return Risk(
        concern=Concern.WAIVERS,
        severity=severity,
        stack=stack.name,
        address=waiver.address,
        sentence=sentence,
        origin=(waiver.line,) if waiver.line else (),
    )
