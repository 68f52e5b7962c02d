"""May plans be applied without an approval, because a value of the environment allows it?

The plan job asks this to choose the GitHub environment of the apply, and the gate asks it again, of the verified
bundles, before anything is applied. The findings are the review's, of the difference between what was applied last and
what would be applied now. Whatever was not judged needs a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from groundwork.gate.deployed_review import Reviewer
from groundwork.gate.facts import RunFacts
from groundwork.plan.bundle import Bundle, Index
from groundwork.plan.extracted import Extracted
from groundwork.platform import HighestFinding
from groundwork.refusals import Code, Refusal, shortened
from groundwork.review.model import Severity, StackReview
from groundwork.synthesis import data_holders

Deployed = Callable[[str], bytes | None]
"""Stack → the archive that was applied last; None where none was."""

_JUDGED = {"create", "change"}
"""What a plan may do to a resource. Not on the list: destroy, replace, forget, import, moves, deposed objects."""
_ALLOWED: dict[HighestFinding, set[Severity]] = {
    "none": set(),
    "low": {Severity.LOW},
    "medium": {Severity.LOW, Severity.MEDIUM},
}


@dataclass(frozen=True)
class Unattended:
    """A run that claims to need no approval: the environment's value, and every reason why a person has to look."""

    highest_finding: HighestFinding | None
    reasons: Sequence[str]

    @property
    def why(self) -> str:
        """Why nobody had to approve."""
        return f"applied without approval, by the value delivery.auto_apply: {sentence(self.highest_finding)}"


def sentence(highest_finding: HighestFinding | None) -> str:
    """What was judged, for a summary and for the record."""
    return f"nothing is destroyed or replaced, and no finding of the review is above {highest_finding}"


def check(run: RunFacts, claim: Unattended) -> Iterator[Refusal]:
    """AUTO_APPLY_OFF and NEEDS_APPROVAL."""
    if claim.highest_finding is None:
        yield Refusal(
            Code.AUTO_APPLY_OFF,
            f"the run asks for an apply without approval, and delivery.auto_apply of {run.environment} is off",
            run.plan_again,
        )
    elif claim.reasons:
        yield Refusal(Code.NEEDS_APPROVAL, f"a person has to approve: {shortened(claim.reasons)}", run.plan_again)


def reasons(
    index: Index, extracted: Extracted, *, highest_finding: HighestFinding, deployed: Deployed, reviewer: Reviewer
) -> Iterator[str]:
    """Why a person has to approve these plans; none where the value is enough."""
    yield from (f"{waiting.stack} {waiting}" for waiting in index.waiting)
    changing = {stack: bundle for stack, bundle in extracted.bundles.items() if bundle.outcome != "no change"}
    for bundle in changing.values():
        yield from _of_plan(bundle)
    before = {stack: body for stack in extracted.bundles if (body := deployed(stack)) is not None}
    reviewed = reviewer.review(extracted, before, environment=index.environment)
    stacks = {stack.stack: stack for stack in reviewed.stacks}
    for name, bundle in changing.items():
        if name not in before:
            yield f"{name} was never applied by the pipeline, so nothing shows what differs"
        else:
            yield from _of_review(stacks[name], bundle)
    if changing:
        yield from (f"{each.what} was not judged: {each.why}" for each in reviewed.not_judged)
    for risk in reviewed.risks:
        if risk.stack in before.keys() & changing.keys() and risk.severity not in _ALLOWED[highest_finding]:
            yield f"{risk.stack} {risk.address}: {risk.sentence} ({risk.severity})"


def _of_plan(bundle: Bundle) -> Iterator[str]:
    if bundle.purpose == "destroy":
        yield f"{bundle.stack} would be destroyed"
    if bundle.provisional:
        yield f"{bundle.stack} is planned again after the apply of what it reads"
    for address, word in bundle.changes.items():
        lost = data_holders.lost_at(address)
        if word not in _JUDGED:
            yield f"{bundle.stack} {address}: {word}"
        elif word == "change" and lost:
            yield f"{bundle.stack} {address}: it holds {lost}"


def _of_review(stack: StackReview, bundle: Bundle) -> Iterator[str]:
    if stack.settings:
        yield f"{stack.stack}: its provider, backend or versions change"
    known = {resource.address for resource in stack.resources}
    # A value of another resource, of AWS or of a person outside of Terraform changes it: no rule has seen that.
    yield from (
        f"{stack.stack} {address}: it changes, and its code does not" for address in bundle.changes.keys() - known
    )
