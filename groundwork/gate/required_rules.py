"""Do the rules of the organisation that an environment requires have no finding in what would be applied?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from groundwork.gate.facts import RequiredRule, RunFacts
from groundwork.refusals import Code, Refusal, shortened
from groundwork.review.model import Review
from groundwork.review.rules import rule_name


def judged(review: Review, names: Sequence[str], stacks: Collection[str]) -> list[RequiredRule]:
    """What the review says of each required rule, as far as it concerns these stacks."""
    rules = {rule.name: rule for rule in review.rules}
    problems = {rule_name(Path(each.what)): f"{each.what}: {each.why}" for each in review.not_judged}
    return [
        RequiredRule(
            name,
            [
                f"{risk.stack} {risk.address}: {risk.sentence}".replace(" :", ":")
                for risk in review.risks
                if risk.rule and risk.rule.name == name and risk.stack in stacks
            ],
            docs=rules[name].docs,
        )
        if name in rules
        else RequiredRule(name, problem=problems.get(name, f"policies/ has no rule {name}"))
        for name in names
    ]


def check(run: RunFacts) -> Iterator[Refusal]:
    """RULE_HAS_FINDING and RULE_NOT_JUDGED."""
    for rule in run.rules:
        if rule.problem:
            sentence = f"{run.environment} requires the rule {rule.name}, and it judged nothing: {rule.problem}"
            fix = f"correct the rule's file or delivery.required_rules, or install the program; then {run.plan_again}"
            yield Refusal(Code.RULE_NOT_JUDGED, sentence, fix)
        elif rule.findings:
            sentence = f"{run.environment} requires no finding of {rule.name}, and it has: {shortened(rule.findings)}"
            yield Refusal(
                Code.RULE_HAS_FINDING, sentence, f"correct the code as {rule.docs} says; then {run.plan_again}"
            )
