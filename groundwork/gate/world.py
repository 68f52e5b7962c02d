"""Would the approved plan still do the same? It is compared with a plan made now; shows names, never values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.gate.facts import RunFacts, StackFacts
from groundwork.plan import contents, drifted
from groundwork.plan.drifted import Difference
from groundwork.plan.fingerprint import Plan, normalise
from groundwork.refusals import Code, Refusal, shortened


@dataclass(frozen=True)
class Comparison:
    """How a plan made now relates to the approved one.

    `same`: its keyed fingerprint is the approved one's. `drift` is address → names of the attributes that somebody
    changed outside of Terraform since the approved plan was made ("deleted" for the whole resource). `different` are
    the resources and outputs that the two plans treat differently, and what AWS computed anew, in words. `changes` is
    what the plan made now does, as in `Bundle.changes`.
    """

    same: bool
    drift: Mapping[str, tuple[str, ...]]
    different: tuple[str, ...]
    changes: Mapping[str, str]


def compare(approved: Plan, fresh: Plan, *, same: bool) -> Comparison:
    """The difference of two plans of one stack; `same` is whether the store finds their fingerprints equal."""
    if same:
        return Comparison(same=True, drift={}, different=(), changes=contents.changes(fresh))
    outside = drifted.of_plan(fresh, since=approved)
    then, now = normalise(approved), normalise(fresh)
    return Comparison(
        same=False,
        drift={it.address: it.attributes or (it.how,) for it in outside.drift},
        different=(*_resources(then, now), *_others(then, now), *map(_by_itself, outside.computed)),
        changes=contents.changes(fresh),
    )


def check(run: RunFacts, facts: StackFacts, comparison: Comparison, *, state_moved: bool) -> Iterator[Refusal]:
    """DRIFT where the world changed, PLAN_DIFFERS where the plan differs for any other reason.

    A state that moved explains a different plan, so then only drift is reported. BUNDLE_TAMPERED where the plan is the
    approved one and the bundle says that it does something else.
    """
    if comparison.same:
        if comparison.changes != facts.bundle.changes:
            sentence = "its plan does not do what the bundle says, which is what people read"
            yield Refusal(Code.BUNDLE_TAMPERED, sentence, run.plan_again, facts.stack)
        return
    if comparison.drift:
        resources = [f"{address} ({', '.join(names)})" for address, names in sorted(comparison.drift.items())]
        yield Refusal(
            Code.DRIFT,
            f"changed outside of Terraform since the plan was made: {shortened(resources)}",
            f"gw diff {facts.stack}; then undo the change, or adopt it in the code: {run.plan_again}",
            facts.stack,
        )
    elif not state_moved:
        what = shortened(comparison.different) or "in what its fingerprint covers"
        yield Refusal(
            Code.PLAN_DIFFERS, f"a plan made now is not the approved one: {what}", run.plan_again, facts.stack
        )


def _by_itself(difference: Difference) -> str:
    return f"{difference.address} ({', '.join(difference.attributes)}, computed by AWS)"


def _resources(approved: Plan, fresh: Plan) -> Iterator[str]:
    then, now = approved["resources"], fresh["resources"]
    for address in sorted(then.keys() | now.keys()):
        was, would = then.get(address, _NO_CHANGE), now.get(address, _NO_CHANGE)
        if was["actions"] != would["actions"]:
            yield f"{address} ({_words(was['actions'])} → {_words(would['actions'])})"
        elif was != would:
            inside = {name for part in _VALUES for name in _differing(was.get(part), would.get(part))}
            yield f"{address} ({', '.join(sorted(inside)) or 'the actions'})"


def _others(approved: Plan, fresh: Plan) -> Iterator[str]:
    for part, word in (("outputs", "output"), ("providers", "provider")):
        yield from (f"{word} {name}" for name in _differing(approved[part], fresh[part]))


_NO_CHANGE: Mapping[str, Any] = {"actions": ["no-op"]}
_VALUES = ("before", "after", "unknown")


def _words(actions: Sequence[str]) -> str:
    return "replace" if len(actions) == 2 else actions[0]


def _differing(before: Any, after: Any) -> tuple[str, ...]:
    """Names of the attributes in which two values of a resource differ."""
    then, now = before if isinstance(before, dict) else {}, after if isinstance(after, dict) else {}
    return tuple(sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name)))
