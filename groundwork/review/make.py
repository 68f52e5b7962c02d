"""Makes the review of two synthesised folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from groundwork.review import bill, compare, risks, snapshot
from groundwork.review.charts import Charts
from groundwork.review.construct_ids import Source
from groundwork.review.model import NotJudged, PlanResult, Review, Risk, StackReview
from groundwork.review.redaction import Redactor
from groundwork.review.rules import Judgement, Policies
from groundwork.review.snapshot import Snapshot

ReadPlans = Callable[[Redactor], Mapping[str, PlanResult]]


def make(
    base: Path,
    head: Path,
    *,
    names: tuple[str, str],
    plans: ReadPlans = lambda _: {},
    source: Source = lambda _: None,
    policies: Policies | None = None,
    charts: Charts | None = None,
) -> tuple[Review, Snapshot, Snapshot]:
    """The review of two folders laid out as cdktf.out, and the stacks of both without their secrets.

    `names` are the commits. `plans` is called with the redactor that knows every secret of both sides; `source` returns
    the text of head's Python files, for the names in advised lines; `policies` are the organisation's rules;
    `charts` renders Helm releases. Raises SynthesisError where a folder is unreadable.
    """
    redactor = Redactor()
    before, after = snapshot.read(base, head, redactor=redactor, charts=charts)
    before = snapshot.of_base(before)
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
    judged, ranked = _judged(compared, planned, policies)
    review = Review(
        base=names[0],
        head=names[1],
        stacks=tuple(stacks),
        risks=ranked,
        rules=judged.rules,
        not_judged=(*judged.not_judged, *_not_rendered(after)),
        bill=bill.of(compared),
    )
    return review, before, after


def _judged(
    compared: Sequence[compare.StackComparison], planned: Mapping[str, PlanResult], policies: Policies | None
) -> tuple[Judgement, tuple[Risk, ...]]:
    """The organisation's rules beside the built-in ones: a program evaluates those in Rego."""
    with ThreadPoolExecutor(1) as beside:
        judging = beside.submit(policies.judge, compared) if policies else None
        built_in = risks.find(compared, planned)
        judged = judging.result() if judging else Judgement()
    return judged, risks.ranked((*built_in, *judged.risks), compared)


def _not_rendered(head: Snapshot) -> Iterator[NotJudged]:
    """Releases that change, and whose objects no rule saw, or not as an apply will make them."""
    for stack in head.stacks.values():
        for address, release in stack.releases.items():
            why = release.problem
            if release.unknown:
                why = f"rendered {', '.join(release.unknown)}: an apply may make more of it"
            if why:
                yield NotJudged(what=f"objects of {address} in {stack.name}", why=why)


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
