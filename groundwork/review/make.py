"""A review from two synthesised folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from groundwork.review import compare, risks, snapshot
from groundwork.review.model import PlanResult, Review, StackReview
from groundwork.review.redaction import Redactor
from groundwork.review.snapshot import Snapshot

ReadPlans = Callable[[Redactor], Mapping[str, PlanResult]]


def make(
    base: Path, head: Path, *, names: tuple[str, str], plans: ReadPlans = lambda _: {}
) -> tuple[Review, Snapshot, Snapshot]:
    """The review of two folders laid out as cdktf.out, and the stacks of both as they may be shown.

    `names` are the commits. `plans` is given the redactor that knows every secret of both sides. Raises SynthesisError
    where a folder cannot be read.
    """
    redactor = Redactor()
    before, after = snapshot.read(base, head, redactor=redactor)
    planned = plans(redactor)
    compared = compare.compare(before, after)
    review = Review(
        base=names[0],
        head=names[1],
        stacks=tuple(
            StackReview(
                stack=one.name,
                environment=one.snapshot.environment,
                state=one.state,
                resources=tuple(change.entry() for change in one.changes),
                outputs=one.outputs,
                settings=one.settings,
                plan=planned.get(one.name),
            )
            for one in compared
        ),
        findings=risks.find(compared),
    )
    return review, before, after
