"""The beginning of both Markdown and HTML: the verdict, a status per stack, the sorted risks, and the waves."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from groundwork.review.model import Concern, Kind, Line, ResourceChange, Review, Risk, Severity, StackReview


class Tone(StrEnum):
    """How much attention something needs. Words always accompany it, so that no meaning depends on a colour."""

    QUIET = "quiet"
    CHANGE = "change"
    DANGER = "danger"
    UNKNOWN = "unknown"


QUIET_STATUSES = frozenset({"no change", "untouched"})
_TONES = {"no change": Tone.QUIET, "untouched": Tone.QUIET, "change": Tone.CHANGE}
_DANGERS = frozenset({"destroy", "replace", "orphaned", "error"})
_WITHOUT_PLAN = {"added": "new stack", "removed": "removed", "changed": "changed", "untouched": "untouched"}
_SEVERITIES = list(Severity)
_MOST_NAMED = 6
_WAITING = "waiting"


@dataclass(frozen=True)
class Counts:
    """Resources of a stack by what happens to them; `renamed` ones are not in the other numbers."""

    add: int
    change: int
    remove: int
    renamed: int = 0

    def __str__(self) -> str:
        renamed = f" ↪{self.renamed}" if self.renamed else ""
        return f"+{self.add} ~{self.change} −{self.remove}{renamed}"  # noqa: RUF001 - a minus as wide as the plus


@dataclass(frozen=True)
class StackStatus:
    """The status of a stack: of its plan where there is one, otherwise of the synthesised difference."""

    tone: Tone
    word: str
    counts: Counts


@dataclass(frozen=True)
class RiskGroup:
    """Equal risks of one line of Python in several stacks; `places` are pairs of stack and address."""

    severity: Severity
    sentence: str
    origin: tuple[Line, ...]
    places: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Wave:
    """Stacks that are applied in parallel, after every earlier wave of their environment. `number` counts from 1."""

    number: int
    stacks: tuple[StackReview, ...]


@dataclass(frozen=True)
class Verdict:
    """The first line of a review, and sentences about stacks, resources, and stacks that could not be planned."""

    tone: Tone
    title: str
    stacks: str
    resources: str
    unjudged: str


def fingerprint(review: Review) -> str:
    """Sixteen hex digits over the whole review; an equal fingerprint means that a comment is up to date."""
    return hashlib.sha256(review.model_dump_json().encode()).hexdigest()[:16]


def nothing_changed(review: Review) -> bool:
    """Whether the Terraform is equal, there are no risks, and every plan is without changes."""
    plans = [stack.plan for stack in review.stacks if stack.plan]
    return not review.changed and not review.risks and all(plan.status in QUIET_STATUSES for plan in plans)


def short_name(stack: StackReview) -> str:
    """The stack without its environment: `network` of `prod-network`."""
    return stack.stack.removeprefix(f"{stack.environment}-") or stack.stack


def counts(stack: StackReview) -> Counts:
    """The counts of the plan where it has some, otherwise of the synthesised difference."""
    kinds = Counter(resource.kind for resource in stack.resources)
    if stack.plan and _status_word(stack) in {*QUIET_STATUSES, "change", "destroy", "replace", "orphaned"}:
        return Counts(stack.plan.add, stack.plan.change, stack.plan.destroy, kinds[Kind.RENAMED])
    return Counts(kinds[Kind.ADDED], kinds[Kind.CHANGED], kinds[Kind.REMOVED], kinds[Kind.RENAMED])


def status(stack: StackReview) -> StackStatus:
    """The stack's cell in the table."""
    word = _status_word(stack)
    if stack.plan is None:
        tone = Tone.QUIET if stack.state == "untouched" else Tone.DANGER if stack.state == "removed" else Tone.CHANGE
    else:
        tone = Tone.DANGER if word in _DANGERS else _TONES.get(word, Tone.UNKNOWN)
    return StackStatus(tone, word, counts(stack))


def is_shown(stack: StackReview) -> bool:
    """Whether the stack has a row and a section: it changes, or its plan is not quiet."""
    return stack.state != "untouched" or status(stack).tone is not Tone.QUIET


def is_replaced(resource: ResourceChange) -> bool:
    """Whether Terraform destroys the resource and creates it again because of an attribute."""
    return resource.kind is Kind.CHANGED and bool(resource.forces_replacement)


def environments(stacks: Iterable[StackReview]) -> list[str]:
    """The environments in the order in which they first occur, which is the order of delivery."""
    return list(dict.fromkeys(stack.environment for stack in stacks))


def matrix(shown: Iterable[StackReview]) -> dict[str, dict[str, StackReview]]:
    """The table's rows: name without environment → environment → stack."""
    rows: dict[str, dict[str, StackReview]] = {}
    for stack in shown:
        rows.setdefault(short_name(stack), {})[stack.environment] = stack
    return rows


def risk_groups(review: Review) -> list[tuple[Concern, list[RiskGroup]]]:
    """The risks by concern and then severity; the same sentence about the same line is one entry."""
    by_concern = []
    for concern in Concern:
        places: dict[tuple[Severity, str, tuple[Line, ...]], list[tuple[str, str]]] = {}
        for risk in sorted((risk for risk in review.risks if risk.concern is concern), key=severity_rank):
            places.setdefault((risk.severity, risk.sentence, risk.origin[:1]), []).append((risk.stack, risk.address))
        if places:
            by_concern.append((concern, [RiskGroup(*key, tuple(listed)) for key, listed in places.items()]))
    return by_concern


def severity_rank(risk: Risk) -> int:
    """Sorts risks with the highest severity first."""
    return _SEVERITIES.index(risk.severity)


def waves(review: Review) -> list[Wave]:
    """The planned stacks with something to apply, in the order of apply; empty where nothing was planned."""
    numbers = wave_numbers(review)
    return [
        Wave(number, tuple(stack for stack in review.stacks if numbers.get(stack.stack) == number))
        for number in sorted(set(numbers.values()))
    ]


def wave_numbers(review: Review) -> dict[str, int]:
    """Stack → its wave, counted from 1. A stack without a plan, which waits for outputs of others, comes last."""
    plans = {stack.stack: stack.plan for stack in review.stacks if stack.plan}
    plans = {stack: plan for stack, plan in plans.items() if plan.status not in QUIET_STATUSES}
    last = max((plan.wave for plan in plans.values()), default=0)
    return {
        stack: (last + 1 if plan.status == _WAITING and not plan.wave else plan.wave) + 1
        for stack, plan in plans.items()
    }


def verdict(review: Review) -> Verdict:
    """The verdict on the whole review."""
    shown = [stack for stack in review.stacks if is_shown(stack)]
    broken = [s for s in shown if s.plan and s.plan.status == "error"]
    unknown = [s for s in shown if status(s).tone is Tone.UNKNOWN]
    unplanned = len(broken) + len(unknown)
    groups = [(concern, group.severity) for concern, groups in risk_groups(review) for group in groups]
    high, medium, low = (_count_risks(groups, severity) for severity in (Severity.HIGH, Severity.MEDIUM, Severity.LOW))
    if high:
        title, tone = f"Look closely: {high}", Tone.DANGER
    elif broken:
        title, tone = f"Planning failed for {_many(len(broken), 'stack')}", Tone.DANGER
    elif medium:
        title, tone = f"Look before you approve: {medium}", Tone.CHANGE
    elif unknown:
        title, tone = f"Not complete: {_many(len(unknown), 'stack')} could not be planned", Tone.UNKNOWN
    elif low:
        title, tone = f"Nothing serious: {low}", Tone.QUIET
    else:
        title, tone = "No risks", Tone.QUIET
    unjudged = f"{_many(unplanned, 'stack')} could not be planned, so this says nothing about what they would do."
    return Verdict(tone, title, _scope(shown, len(review.stacks)), _totals(shown), unjudged if unplanned else "")


def _scope(shown: Sequence[StackReview], total: int) -> str:
    names = environments(shown)
    where = f" in {', '.join(names)}" if 0 < len(names) <= _MOST_NAMED else ""
    return f"{len(shown)} of {_many(total, 'stack')} affected{where}."


def _totals(shown: Sequence[StackReview]) -> str:
    kinds = Counter(resource.kind for stack in shown for resource in stack.resources)
    replaced = sum(is_replaced(resource) for stack in shown for resource in stack.resources)
    words = {kind: kind.value for kind in Kind}
    if replaced:
        words[Kind.CHANGED] += f" ({replaced} by replacement)"
    parts = [f"{kinds[kind]} {words[kind]}" for kind in Kind if kinds[kind]]
    return f"Resources: {', '.join(parts)}." if parts else ""


def _count_risks(groups: Sequence[tuple[Concern, Severity]], severity: Severity) -> str:
    """The number of risks of a severity and their concerns; empty where there is no such risk."""
    concerns = [concern for concern, severity_of_group in groups if severity_of_group is severity]
    names = ", ".join(concern.value for concern in Concern if concern in concerns)
    return f"{_many(len(concerns), 'risk')} of {severity.value} severity ({names})" if concerns else ""


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _status_word(stack: StackReview) -> str:
    return stack.plan.status if stack.plan else _WITHOUT_PLAN[stack.state]
