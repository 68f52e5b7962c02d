"""Looks things up in a list of refusals."""

from __future__ import annotations

from collections.abc import Iterable

from groundwork.delivery.gate.refusals import Code, Refusal


def codes(refusals: Iterable[Refusal]) -> set[Code]:
    """Which reasons there are."""
    return {refusal.code for refusal in refusals}


def one(refusals: Iterable[Refusal], code: Code) -> Refusal:
    """The only refusal with a code."""
    (found,) = [refusal for refusal in refusals if refusal.code is code]
    return found
