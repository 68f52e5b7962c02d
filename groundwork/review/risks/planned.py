"""What only the plan shows: resources that it destroys or replaces because of drift, orphans or forced replacements."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from groundwork.review.model import Concern, Line, PlanResult, Risk, Severity
from groundwork.synthesis import data_holders

# What follows the address without indices: those of count and for_each, and the key of a deposed object.
_INDEX = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]| \([0-9a-f]{8}\)$')
_LOSES = {"destroy": "destroys", "replace": "replaces"}


def find(
    stack: str, plan: PlanResult, *, known: Collection[str], origins: Mapping[str, tuple[Line, ...]]
) -> Iterator[Risk]:
    """The risks of one stack's plan; `known` are the addresses with a risk of data loss already.

    Where the plan lists no resources, the risk is the stack's as a whole.
    """
    for name, words in plan.changes.items():
        address = _INDEX.sub("", name)
        verb = next((verb for word, verb in _LOSES.items() if word in words.split(" and ")), None)
        if verb is None or address in known:
            continue
        lost = data_holders.lost_at(address)
        yield Risk(
            concern=Concern.DATA_LOSS,
            severity=Severity.HIGH if lost else Severity.MEDIUM,
            stack=stack,
            address=address,
            sentence=f"The plan {verb} it{f', {lost} with it' if lost else ''}.",
            origin=origins.get(address, ()),
        )
    if plan.destroy and not plan.changes and not known:
        yield Risk(
            concern=Concern.DATA_LOSS,
            severity=Severity.MEDIUM,
            stack=stack,
            address="",
            sentence=f"The plan destroys or replaces {plan.destroy} resources that the Terraform does not show.",
            origin=(),
        )
