"""What Markdown and HTML begin with: the verdict, one status per stack, findings in order, and the waves."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from groundwork.review.model import Concern, Kind, Line, ResourceChange, Review, Risk, Severity, StackReview


class Tone(StrEnum):
    """How much attention something asks for. Never the only carrier of a meaning: words always stand beside it."""

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
    """Resources of a stack by what happens to them; `renamed` are in neither of the others."""

    add: int
    change: int
    remove: int
    renamed: int = 0

    def __str__(self) -> str:
        renamed = f" ↪{self.renamed}" if self.renamed else ""
        return f"+{self.add} ~{self.change} −{self.remove}{renamed}"  # noqa: RUF001 - a minus as wide as the plus


@dataclass(frozen=True)
class StackStatus:
    """A stack in a word: `planned`: from Terraform's plan, not only from the synthesised difference."""

    tone: Tone
    word: str
    counts: Counts
    planned: bool


@dataclass(frozen=True)
class RiskGroup:
    """A finding, once for all stacks in which the same line does the same; `places` is (stack, address)."""

    severity: Severity
    sentence: str
    origin: tuple[Line, ...]
    places: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Wave:
    """Stacks that are applied side by side, after every earlier wave of their environment. `number` counts from 1."""

    number: int
    stacks: tuple[StackReview, ...]


@dataclass(frozen=True)
class Verdict:
    """The first line: its tone and a few words; then what was counted, and what could not be judged (or nothing)."""

    tone: Tone
    title: str
    stacks: str
    resources: str
    unjudged: str


def fingerprint(review: Review) -> str:
    """Sixteen hex digits over the whole review: a comment with the same ones need not be written again."""
    return hashlib.sha256(review.model_dump_json().encode()).hexdigest()[:16]


def nothing_changed(review: Review) -> bool:
    """Whether the Terraform is equal, without findings, and every plan is without changes."""
    plans = [stack.plan for stack in review.stacks if stack.plan]
    return not review.changed and not review.findings and all(plan.status in QUIET_STATUSES for plan in plans)


def short_name(stack: StackReview) -> str:
    """The stack without its environment: `network` of `prod-network`."""
    return stack.stack.removeprefix(f"{stack.environment}-") or stack.stack


def counts(stack: StackReview) -> Counts:
    """Of the plan where there is one that counted, else of the synthesised difference."""
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
    return StackStatus(tone, word, counts(stack), stack.plan is not None)


def is_shown(stack: StackReview) -> bool:
    """Whether the stack has a row and a section: it changes, or its plan does not end with no change."""
    return stack.state != "untouched" or status(stack).tone is not Tone.QUIET


def is_replaced(resource: ResourceChange) -> bool:
    """Whether Terraform destroys the resource and creates it again because of an attribute."""
    return resource.kind is Kind.CHANGED and bool(resource.forces_replacement)


def environments(stacks: Iterable[StackReview]) -> list[str]:
    """In the order in which they first occur, which is the order of delivery."""
    return list(dict.fromkeys(stack.environment for stack in stacks))


def matrix(shown: Iterable[StackReview]) -> dict[str, dict[str, StackReview]]:
    """The table's rows: name without environment → environment → stack."""
    rows: dict[str, dict[str, StackReview]] = {}
    for stack in shown:
        rows.setdefault(short_name(stack), {})[stack.environment] = stack
    return rows


def findings(review: Review) -> list[tuple[Concern, list[RiskGroup]]]:
    """By concern and then severity; the same sentence about the same line is one entry."""
    made = []
    for concern in Concern:
        groups: dict[tuple[Severity, str, tuple[Line, ...]], list[Risk]] = {}
        for risk in sorted((risk for risk in review.findings if risk.concern is concern), key=_by_severity):
            groups.setdefault((risk.severity, risk.sentence, risk.origin[:1]), []).append(risk)
        if groups:
            made.append(
                (
                    concern,
                    [RiskGroup(*key, tuple((risk.stack, risk.address) for risk in of)) for key, of in groups.items()],
                )
            )
    return made


def waves(review: Review) -> list[Wave]:
    """The planned stacks with something to apply, in the order in which they are; empty where nothing was planned."""
    numbers = wave_numbers(review)
    return [
        Wave(number, tuple(stack for stack in review.stacks if numbers.get(stack.stack) == number))
        for number in sorted(set(numbers.values()))
    ]


def wave_numbers(review: Review) -> dict[str, int]:
    """Stack → its wave, counted from 1. One that waits for outputs of others, and so has no plan yet, comes last."""
    plans = {stack.stack: stack.plan for stack in review.stacks if stack.plan}
    plans = {stack: plan for stack, plan in plans.items() if plan.status not in QUIET_STATUSES}
    last = max((plan.wave for plan in plans.values()), default=0)
    return {
        stack: (last + 1 if plan.status == _WAITING and not plan.wave else plan.wave) + 1
        for stack, plan in plans.items()
    }


def verdict(review: Review) -> Verdict:
    """What a reviewer reads if it is the only line."""
    shown = [stack for stack in review.stacks if is_shown(stack)]
    broken = [s for s in shown if s.plan and s.plan.status == "error"]
    unknown = [s for s in shown if status(s).tone is Tone.UNKNOWN]
    unplanned = len(broken) + len(unknown)
    graded = [(concern, group.severity) for concern, groups in findings(review) for group in groups]
    grouped = {severity: [concern for concern, its in graded if its is severity] for severity in Severity}
    if grouped[Severity.HIGH]:
        title, tone = f"Look closely: {_named(grouped[Severity.HIGH], Severity.HIGH)}", Tone.DANGER
    elif broken:
        title, tone = f"Planning failed for {_many(len(broken), 'stack')}", Tone.DANGER
    elif grouped[Severity.MEDIUM]:
        title, tone = f"Look before you approve: {_named(grouped[Severity.MEDIUM], Severity.MEDIUM)}", Tone.CHANGE
    elif unknown:
        title, tone = f"Not complete: {_many(len(unknown), 'stack')} could not be planned", Tone.UNKNOWN
    elif graded:
        title, tone = f"Nothing serious: {_named(grouped[Severity.LOW], Severity.LOW)}", Tone.QUIET
    else:
        title, tone = "No finding", Tone.QUIET
    unjudged = f"{_many(unplanned, 'stack')} could not be planned, so this says nothing about what they would do."
    return Verdict(tone, title, _scope(shown, len(review.stacks)), _totals(shown), unjudged if unplanned else "")


def _scope(shown: Sequence[StackReview], of: int) -> str:
    names = environments(shown)
    where = f" in {', '.join(names)}" if 0 < len(names) <= _MOST_NAMED else ""
    return f"{len(shown)} of {_many(of, 'stack')} affected{where}."


def _totals(shown: Sequence[StackReview]) -> str:
    kinds = Counter(resource.kind for stack in shown for resource in stack.resources)
    replaced = sum(is_replaced(resource) for stack in shown for resource in stack.resources)
    words = {kind: kind.value for kind in Kind}
    if replaced:
        words[Kind.CHANGED] += f" ({replaced} by replacement)"
    parts = [f"{kinds[kind]} {words[kind]}" for kind in Kind if kinds[kind]]
    return f"Resources: {', '.join(parts)}." if parts else ""


def _named(concerns: Sequence[Concern], severity: Severity) -> str:
    names = ", ".join(concern.value for concern in Concern if concern in concerns)
    return f"{_many(len(concerns), 'finding')} of {severity.value} severity ({names})"


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _status_word(stack: StackReview) -> str:
    return stack.plan.status if stack.plan else _WITHOUT_PLAN[stack.state]


def _by_severity(finding: Risk) -> int:
    return _SEVERITIES.index(finding.severity)
