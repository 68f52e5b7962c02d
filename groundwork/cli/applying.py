"""Progress of an apply or a destroy: a bar per stack that counts resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock

from groundwork.cli.console import Bars
from groundwork.delivery.terraform_output import Step


def following(bars: Bars, totals: Mapping[str, int], doing: str) -> Callable[[str, Step], None]:
    """A function that takes each step of cdktf and moves the bar of its stack; `totals` counts resources per stack."""
    begun: set[str] = set()
    lock = Lock()

    def follow(stack: str, step: Step) -> None:
        with lock:
            if stack not in begun:
                begun.add(stack)
                bars.begin(stack, total=totals.get(stack), doing=doing)
        if step.done:
            bars.advance(stack, step.address)

    return follow
