"""Progress of an apply or destroy: a bar per stack that counts resources."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

from groundwork.cli.console import Bars
from groundwork.terraform.cdktf import OnEvent
from groundwork.terraform.printed import Complete, Step


def update_bars(bars: Bars, totals: Mapping[str, int], doing: str) -> OnEvent:
    """A function that moves a stack's bar with each event of cdktf; `totals` counts resources per stack."""
    begun: set[str] = set()
    lock = Lock()

    def follow(stack: str, event: Step | Complete) -> None:
        with lock:
            if stack not in begun:
                begun.add(stack)
                bars.begin(stack, total=totals.get(stack), doing=doing)
        if isinstance(event, Complete):
            bars.end(stack, event.counts)
        elif event.done:
            bars.advance(stack, event.address)

    return follow
