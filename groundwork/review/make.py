"""Makes the review of two synthesised folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from groundwork.review import compare, risks, snapshot
from groundwork.review.model import PlanResult, Review, StackReview
from groundwork.review.python_names import Source
from groundwork.review.redaction import Redactor
from groundwork.review.snapshot import Snapshot

ReadPlans = Callable[[Redactor], Mapping[str, PlanResult]]


def make(
    base: Path, head: Path, *, names: tuple[str, str], plans: ReadPlans = lambda _: {}, source: Source = lambda _: None
) -> tuple[Review, Snapshot, Snapshot]:
    """The review of two folders laid out as cdktf.out, and the stacks of both without their secrets.

    `names` are the commits. `plans` is called with the redactor that knows every secret of both sides; `source` returns
    the text of head's Python files, for the names in advised lines. Raises SynthesisError where a folder is unreadable.
    """
    redactor = Redactor()
    before, after = snapshot.read(base, head, redactor=redactor)
    planned = plans(redactor)
    compared = compare.compare(before, after, source=source)
    stacks = [_stack(comparison, planned.get(comparison.name)) for comparison in compared]
    # Stacks that have a state, and that neither commit contains.
    environments = {stack.environment for stack in stacks}
    in_code = {stack.stack for stack in stacks}
    stacks += [
        StackReview(
            stack=name,
            environment=snapshot.environment_of(name, environments),
            state="untouched",
            resources=(),
            outputs=(),
            settings=(),
            plan=plan,
        )
        for name, plan in planned.items()
        if name not in in_code
    ]
    review = Review(base=names[0], head=names[1], stacks=tuple(stacks), risks=risks.find(compared, planned))
    return review, before, after


def _stack(comparison: compare.StackComparison, plan: PlanResult | None) -> StackReview:
    return StackReview(
        stack=comparison.name,
        environment=comparison.snapshot.environment,
        state=comparison.state,
        resources=tuple(change.entry() for change in comparison.changes),
        outputs=comparison.outputs,
        settings=comparison.settings,
        plan=plan,
    )
