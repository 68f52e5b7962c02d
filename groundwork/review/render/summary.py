"""The beginning of both Markdown and HTML: the verdict, a status per stack, the sorted risks, and the waves."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from groundwork.review.model import (
    Concern,
    Kind,
    Line,
    ResourceChange,
    Review,
    Risk,
    Rule,
    Severity,
    StackReview,
)


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
_LOGS, _KEYS = "aws_cloudwatch_log_group.", "aws_kms_key."
_FACTS = 2
_LONGEST_FACT = 160
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_WAITING = "waiting"


@dataclass(frozen=True)
class Counts:
    """Resources of a stack by what happens to them; `renamed` ones are not in the other numbers."""

    add: int
    change: int
    remove: int
    renamed: int = 0
    forgotten: int = 0

    def __str__(self) -> str:
        renamed = f" ↪{self.renamed}" if self.renamed else ""
        forgotten = f" ∅{self.forgotten}" if self.forgotten else ""
        return f"+{self.add} ~{self.change} −{self.remove}{renamed}{forgotten}"  # noqa: RUF001 - a minus as wide as the plus


@dataclass(frozen=True)
class StackStatus:
    """The status of a stack: of its plan where there is one, otherwise of the synthesised difference."""

    tone: Tone
    word: str
    counts: Counts


@dataclass(frozen=True)
class RiskGroup:
    """Equal risks of one line in several stacks; `places` are pairs of stack and address."""

    concern: Concern
    severity: Severity
    sentence: str
    origin: tuple[Line, ...]
    places: tuple[tuple[str, str], ...]
    rule: Rule | None = None
    advice: str = ""


@dataclass(frozen=True)
class Wave:
    """Stacks that are applied in parallel, after every earlier wave of their environment. `number` counts from 1."""

    number: int
    stacks: tuple[StackReview, ...]


@dataclass(frozen=True)
class Verdict:
    """The first line of a review, and sentences about risks, stacks, resources, unplanned stacks, and the bill."""

    tone: Tone
    title: str
    risks: str
    stacks: str
    resources: str
    unjudged: str
    bill: str


def fingerprint(review: Review) -> str:
    """Sixteen hex digits over the whole review; an equal fingerprint means that a comment is up to date."""
    return hashlib.sha256(review.model_dump_json().encode()).hexdigest()[:16]


def nothing_changed(review: Review) -> bool:
    """Whether the Terraform is equal, there are no risks, and every plan is without changes."""
    plans = [stack.plan for stack in review.stacks if stack.plan]
    quiet = all(plan.status in QUIET_STATUSES for plan in plans)
    return not (review.changed or review.risks or review.unjudged) and quiet


def short_name(stack: StackReview) -> str:
    """The stack without its environment: `network` of `prod-network`."""
    return stack.stack.removeprefix(f"{stack.environment}-") or stack.stack


def counts(stack: StackReview) -> Counts:
    """The counts of the plan where it has some, otherwise of the synthesised difference."""
    kinds = Counter(resource.kind for resource in stack.resources)
    if stack.plan and _status_word(stack) in {*QUIET_STATUSES, "change", "destroy", "replace", "orphaned"}:
        return Counts(stack.plan.add, stack.plan.change, stack.plan.destroy, kinds[Kind.RENAMED], kinds[Kind.FORGOTTEN])
    return Counts(*(kinds[kind] for kind in (Kind.ADDED, Kind.CHANGED, Kind.REMOVED, Kind.RENAMED, Kind.FORGOTTEN)))


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


def risk_groups(review: Review) -> list[RiskGroup]:
    """The risks, most severe first, and the last environment of the order of delivery, which is production, first.

    Lost logs follow what else is as severe, and keys what was encrypted under them. The same sentence about the same
    line is one entry, also where only account and environment differ in it.
    """
    rank = {name: number for number, name in enumerate(reversed(environments(review.stacks)))}
    of_stack = {stack.stack: stack.environment for stack in review.stacks}
    concerns = list(Concern)
    entries: dict[tuple[Severity, Concern, str, tuple[Line, ...], str], list[Risk]] = {}
    for risk in sorted(
        review.risks,
        key=lambda risk: (
            severity_rank(risk),
            rank.get(of_stack.get(risk.stack, ""), len(rank)),
            risk.address.startswith(_LOGS),
            concerns.index(risk.concern),
            risk.address.startswith(_KEYS),
        ),
    ):
        folded = _ACCOUNT.sub("<account>", risk.sentence)
        if environment := of_stack.get(risk.stack):
            folded = re.sub(rf"(?<![A-Za-z0-9]){re.escape(environment)}(?![A-Za-z0-9])", "<environment>", folded)
        entries.setdefault((risk.severity, risk.concern, folded, risk.origin[:1], risk.advice), []).append(risk)
    return [
        RiskGroup(
            concern,
            severity,
            risks[0].sentence if len({risk.sentence for risk in risks}) == 1 else folded,
            origin,
            tuple((risk.stack, risk.address) for risk in risks),
            risks[0].rule,
            advice,
        )
        for (severity, concern, folded, origin, advice), risks in entries.items()
    ]


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
    groups = risk_groups(review)
    worst = groups[0].severity if groups else Severity.LOW
    if worst is Severity.HIGH:
        title, tone = _facts(review, groups), Tone.DANGER
    elif broken:
        title, tone = f"Planning failed for {_many(len(broken), 'stack')}", Tone.DANGER
    elif worst is Severity.MEDIUM:
        title, tone = _facts(review, groups), Tone.CHANGE
    elif unknown:
        title, tone = f"Not complete: {_many(len(unknown), 'stack')} could not be planned", Tone.UNKNOWN
    elif groups:
        title, tone = _facts(review, groups), Tone.QUIET
    else:
        number = sum(len(stack.resources) for stack in shown)
        changes = f"{_many(number, 'resource')} {'changes' if number == 1 else 'change'}"
        title, tone = f"No rule matched; {changes}" if shown else "No change in the Terraform", Tone.QUIET
    if review.unjudged and tone is Tone.QUIET:
        title, tone = (
            f"{title}; no rule looks at {_named([file.path for file in review.unjudged], 'file')}",
            Tone.UNKNOWN,
        )
    if review.not_judged and shown and tone in {Tone.QUIET, Tone.UNKNOWN}:
        title, tone = f"{title}; not judged: {_named([each.what for each in review.not_judged])}", Tone.UNKNOWN
    counted = "; ".join(filter(None, (_count_risks(groups, severity) for severity in Severity)))
    unjudged = f"{_many(unplanned, 'stack')} could not be planned, so this says nothing about what they would do."
    return Verdict(
        tone,
        title,
        f"{counted}." if counted else "",
        _scope(shown, len(review.stacks)),
        _totals(shown),
        unjudged if unplanned else "",
        bill(review),
    )


def bill(review: Review) -> str:
    """What the change costs in a month, in total and by environment, with its source; empty where nothing costs."""
    if review.bill is None:
        return ""
    known, total, sentences = review.bill, Decimal(), []
    by_environment: dict[str, Decimal] = {}
    for line in known.lines:
        total += Decimal(line.amount)
        by_environment[line.environment] = by_environment.get(line.environment, Decimal()) + Decimal(line.amount)
    if known.lines:
        parts = ", ".join(f"{name} {_amount(amount)}" for name, amount in by_environment.items())
        dates = sorted(line.date for line in known.lines)
        when = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
        sentences.append(
            f"Cost: {_amount(total)} {known.currency} a month ({parts}), AWS's list prices in {known.region} of {when}."
        )
    for title, types in (("Not priced", known.not_priced), ("Paid for by use", known.by_use)):
        if types:
            named = [f"{number} {type_}" for type_, number in types.items()]
            more = f" and {_many(len(named) - _MOST_NAMED, 'more type')}" if len(named) > _MOST_NAMED else ""
            sentences.append(f"{title}: {', '.join(named[:_MOST_NAMED])}{more}.")
    return " ".join(sentences)


def _amount(amount: Decimal) -> str:
    return f"{'−' if amount < 0 else '+'}{abs(amount):,.2f}"  # noqa: RUF001 - a minus as wide as the plus


def _facts(review: Review, groups: Sequence[RiskGroup]) -> str:
    """The most severe risks in their own words: `prod: Everyone may call POST /records; …`."""
    worst = [group for group in groups if group.severity is groups[0].severity]
    of_stack = {stack.stack: stack.environment for stack in review.stacks}
    facts: dict[str, list[str]] = {}
    for group in worst[:_FACTS]:
        names = dict.fromkeys(of_stack.get(stack, stack) for stack, _ in group.places)
        sentence = group.sentence.rstrip(".")
        short = sentence if len(sentence) <= _LONGEST_FACT else f"{sentence[: _LONGEST_FACT - 1]}…"
        facts.setdefault(", ".join(names), []).append(short)
    named = ((f"{where}: " if where else "", sentences) for where, sentences in facts.items())
    text = "; ".join(f"{where}{'; '.join(sentences)}" for where, sentences in named)
    return text + (f"; and {len(worst) - _FACTS} more" if len(worst) > _FACTS else "")


def _named(names: Sequence[str], noun: str = "") -> str:
    more = len(names) - _FACTS
    rest = f" and {_many(more, f'more {noun}') if noun else f'{more} more'}" if more > 0 else ""
    return ", ".join(names[:_FACTS]) + rest


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


def _count_risks(groups: Sequence[RiskGroup], severity: Severity) -> str:
    """The number of risks of a severity and their concerns; empty where there is no such risk."""
    concerns = [group.concern for group in groups if group.severity is severity]
    names = ", ".join(concern.value for concern in Concern if concern in concerns)
    return f"{_many(len(concerns), 'risk')} of {severity.value} severity ({names})" if concerns else ""


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _status_word(stack: StackReview) -> str:
    return stack.plan.status if stack.plan else _WITHOUT_PLAN[stack.state]
