"""The variables of the page's template: unescaped texts, and an id for every stack and resource."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, count
from typing import Any

from groundwork.review.model import AttributeChange, Kind, Line, ResourceChange, Review, Risk, Severity, StackReview
from groundwork.review.render import summary
from groundwork.review.render.attribute_lines import DiffLine, attribute_lines
from groundwork.review.render.blob_urls import BlobUrls
from groundwork.review.render.escaping import one_line

_SIGNS = {"added": "+", "removed": "−", "changed": "~", "replaced": "±", "renamed": "↪", "forgotten": "∅"}  # noqa: RUF001
_TAGS = {"+": "ins", "-": "del", " ": "span", "!": "em"}
_MOST_OPEN_RESOURCES = 30
"""A stack with more resources shows only their headings at first."""
_MOST_OPEN_STACKS = 8
"""A review with more resources shows only the headings of its stacks at first."""
_BIG = 200
"""With more resources, the browser lays out only what is in sight, at the price of a jumping scroll bar."""


def page_model(review: Review, blob_url: str) -> dict[str, Any]:
    """The variables of the template."""
    urls = BlobUrls(blob_url, base=review.base)
    shown = [stack for stack in review.stacks if summary.is_shown(stack)]
    places = _Places(shown)
    severities = _severities(review.risks)
    numbers = summary.wave_numbers(review)
    stacks = {
        stack.stack: {"wave": numbers.get(stack.stack, 0), **_stack(stack, places, severities, urls)} for stack in shown
    }
    total = sum(len(stack.resources) for stack in shown)
    environments = summary.environments(shown)
    return {
        "base": review.base[:12],
        "head": review.head[:12],
        "fingerprint": summary.fingerprint(review),
        "silent": summary.nothing_changed(review),
        "verdict": summary.verdict(review),
        "figures": _figures(shown),
        "filters": _filters(review, shown),
        "risks": _risks(review, places, urls),
        "unjudged": _unjudged(review),
        "environments": environments,
        "matrix": [
            {"name": name, "cells": [stacks[row[e].stack] if e in row else None for e in environments]}
            for name, row in summary.matrix(shown).items()
        ],
        "untouched": len(review.stacks) - len(shown),
        "waves": _waves(review, stacks),
        "stacks": list(stacks.values()),
        "total": total,
        "open_stacks": total <= _MOST_OPEN_STACKS,
        "is_big": total > _BIG,
    }


class _Places:
    """Ids of stacks and resources: unique, and readable because links show them."""

    def __init__(self, stacks: Iterable[StackReview]) -> None:
        self._taken: set[str] = set()
        self._ids: dict[tuple[str, str], str] = {}
        for stack in stacks:
            self._add((stack.stack, ""), f"stack-{stack.stack}")
            for resource in stack.resources:
                self._add((stack.stack, resource.address), f"{stack.stack}--{resource.address}")

    def _add(self, key: tuple[str, str], name: str) -> None:
        slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", name)[:200]
        unique = next(
            candidate for candidate in chain([slug], (f"{slug}-{n}" for n in count(2))) if candidate not in self._taken
        )
        self._taken.add(unique)
        self._ids.setdefault(key, unique)

    def id_of(self, stack: str, address: str = "") -> str:
        """The id of the resource, otherwise of its stack, otherwise of the list of all changes."""
        return self._ids.get((stack, address)) or self._ids.get((stack, "")) or "changes"


def _severities(risks: Iterable[Risk]) -> dict[tuple[str, str], Severity]:
    """The highest severity of each resource."""
    highest: dict[tuple[str, str], Severity] = {}
    for risk in sorted(risks, key=summary.severity_rank):
        highest.setdefault((risk.stack, risk.address), risk.severity)
    return highest


def _figures(shown: Sequence[StackReview]) -> list[dict[str, object]]:
    kinds = Counter(_kind(resource) for stack in shown for resource in stack.resources)
    return [{"word": word, "kind": word, "number": kinds[word]} for word in _SIGNS if kinds[word]]


def _filters(review: Review, shown: Sequence[StackReview]) -> list[dict[str, object]]:
    grouped = [group.severity for group in summary.risk_groups(review)]
    kinds = Counter(_kind(resource) for stack in shown for resource in stack.resources)
    sizes: Counter[str] = Counter()
    for stack in shown:
        sizes[stack.environment] += len(stack.resources)
    choices = {
        "severity": [(severity.value, grouped.count(severity)) for severity in Severity if severity in grouped],
        "environment": [(name, sizes[name]) for name in summary.environments(shown)],
        "kind": [(kind, kinds[kind]) for kind in _SIGNS if kinds[kind]],
    }
    return [
        {"name": name, "title": name.capitalize(), "choices": [{"value": v, "number": n} for v, n in values]}
        for name, values in choices.items()
        if values
    ]


def _risks(review: Review, places: _Places, urls: BlobUrls) -> list[dict[str, object]]:
    of_stack = {stack.stack: stack.environment for stack in review.stacks}
    return [
        {
            "concern": group.concern.value,
            "severity": group.severity.value,
            "sentence": group.sentence,
            "places": [
                {"address": address, "stacks": [{"name": name, "id": places.id_of(name, address)} for name in stacks]}
                for address, stacks in _stacks_by_address(group.places).items()
            ],
            "environments": sorted({of_stack[stack] for stack, _ in group.places if stack in of_stack}),
            "origin": [_source(line, urls) for line in group.origin],
            "rule": group.rule,
            "advice": group.advice,
        }
        for group in summary.risk_groups(review)
    ]


def _unjudged(review: Review) -> list[dict[str, object]]:
    listed: list[tuple[str, str, tuple[str, ...]]] = [(each.what, each.why, ()) for each in review.not_judged]
    listed += [(file.path, file.decides, file.facts) for file in review.unjudged or ()]
    return [
        {"path": one_line(path), "decides": one_line(decides), "facts": [one_line(fact) for fact in facts]}
        for path, decides, facts in listed
    ]


def _stacks_by_address(places: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    stacks: dict[str, list[str]] = {}
    for stack, address in places:
        stacks.setdefault(address, []).append(stack)
    return stacks


def _waves(review: Review, stacks: dict[str, dict[str, object]]) -> list[dict[str, object]]:
    return [
        {
            "number": wave.number,
            "groups": [
                {"environment": name, "stacks": [stacks[s.stack] for s in wave.stacks if s.environment == name]}
                for name in summary.environments(wave.stacks)
            ],
        }
        for wave in summary.waves(review)
    ]


def _stack(
    stack: StackReview, places: _Places, severities: dict[tuple[str, str], Severity], urls: BlobUrls
) -> dict[str, object]:
    status = summary.status(stack)
    plan = stack.plan
    blocks = (("Settings", stack.settings), ("Outputs", stack.outputs))
    return {
        "id": places.id_of(stack.stack),
        "stack": stack.stack,
        "short": summary.short_name(stack),
        "environment": stack.environment,
        "tone": status.tone.value,
        "word": status.word,
        "counts": str(status.counts),
        "why": plan.why if plan else "",
        "text": plan.text.strip("\n") if plan else "",
        "blocks": [{"title": title, "lines": _diff(changes)} for title, changes in blocks if changes],
        "resources": [_resource(resource, places, severities, urls) for resource in stack.resources],
        "open_resources": len(stack.resources) <= _MOST_OPEN_RESOURCES,
    }


def _resource(
    resource: ResourceChange, places: _Places, severities: dict[tuple[str, str], Severity], urls: BlobUrls
) -> dict[str, object]:
    kind = _kind(resource)
    severity = severities.get((resource.stack, resource.address))
    return {
        "id": places.id_of(resource.stack, resource.address),
        "address": resource.address,
        "kind": kind,
        "sign": _SIGNS[kind],
        "severity": severity.value if severity else "",
        "origin": [_source(line, urls) for line in resource.origin],
        "renamed_from": resource.renamed_from,
        "moved": resource.moved,
        "lines": _diff(resource.attributes, resource.forces_replacement if kind == "replaced" else ()),
    }


def _kind(resource: ResourceChange) -> str:
    return "replaced" if summary.is_replaced(resource) else Kind(resource.kind).value


def _source(line: Line, urls: BlobUrls) -> dict[str, str]:
    return {"text": f"{one_line(line.file)}:{line.line}", "url": urls.of(line)}


def _diff(changes: Iterable[AttributeChange], forces: Sequence[str] = ()) -> list[dict[str, str]]:
    lines = [line for change in changes for line in attribute_lines(change, replaces=change.path in forces)]
    shown = []
    for number, line in enumerate(lines):
        start, middle, end = line.text, "", ""
        if other := _counterpart(lines, number):
            start, middle, end = _split(line.text, other.text)
        shown.append({"tag": _TAGS[line.sign], "sign": line.sign, "start": start, "middle": middle, "end": end})
    return shown


def _counterpart(lines: Sequence[DiffLine], number: int) -> DiffLine | None:
    """The other version of a single changed line; None where several changed lines are in a row."""

    def sign(index: int) -> str:
        return lines[index].sign if 0 <= index < len(lines) else ""

    here = sign(number)
    if here == "-" and sign(number + 1) == "+" and sign(number - 1) != "-" and sign(number + 2) != "+":
        return lines[number + 1]
    if here == "+" and sign(number - 1) == "-" and sign(number - 2) != "-" and sign(number + 1) != "+":
        return lines[number - 1]
    return None


def _split(text: str, other: str) -> tuple[str, str, str]:
    """The text in three parts: the beginning common to both, the differing words, and the common end."""
    words, others = (re.findall(r"\w+|\W", line) for line in (text, other))
    shortest = min(len(words), len(others))
    start = next((i for i in range(shortest) if words[i] != others[i]), shortest)
    end = next((i for i in range(shortest - start) if words[-1 - i] != others[-1 - i]), shortest - start)
    return "".join(words[:start]), "".join(words[start : len(words) - end]), "".join(words[len(words) - end :])
