"""providers."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.review.compare import StackComparison
from groundwork.review.model import Finding


def find(stack: StackComparison) -> Iterator[Finding]:
    """Findings."""
    del stack
    yield from ()
