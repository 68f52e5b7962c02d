"""What only the plan shows: resources that it destroys or replaces because of drift, orphans or forced replacements."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from groundwork.review.model import Concern, Line, PlanResult, Risk, Severity
from groundwork.synthesis import data_holders

_LINE = re.compile(
    r"^\s*# (?P<address>\S+)(?: \(deposed object \w+\))? "
    r"(?P<what>will be destroyed|must be replaced|is tainted, so must be replaced|will be replaced, as requested)"
)
_INDEX = re.compile(r"\[[^\]]*\]")
_MODULES = re.compile(r"^(module\.[\w-]+\.)+")


def find(
    stack: str, plan: PlanResult, *, known: Collection[str], origins: Mapping[str, tuple[Line, ...]]
) -> Iterator[Risk]:
    """The risks of one stack's plan; `known` are the addresses with a risk of data loss already.

    Where the plan has no text, the risk is the stack's as a whole.
    """
    has_text = False
    for line in plan.text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        has_text = True
        address = _INDEX.sub("", match["address"])
        if address in known:
            continue
        lost = data_holders.lost_with(_MODULES.sub("", address).partition(".")[0])
        verb = "destroys" if match["what"] == "will be destroyed" else "replaces"
        yield Risk(
            concern=Concern.DATA_LOSS,
            severity=Severity.HIGH if lost else Severity.MEDIUM,
            stack=stack,
            address=address,
            sentence=f"The plan {verb} it{f', {lost} with it' if lost else ''}.",
            origin=origins.get(address, ()),
        )
    if plan.destroy and not has_text and not known:
        yield Risk(
            concern=Concern.DATA_LOSS,
            severity=Severity.MEDIUM,
            stack=stack,
            address="",
            sentence=f"The plan destroys or replaces {plan.destroy} resources that the Terraform does not show.",
            origin=(),
        )
