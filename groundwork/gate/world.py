"""Would the approved plan still do the same? A plan made now is compared with it: names are said, values never."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.gate.facts import RunFacts, StackFacts
from groundwork.plan.fingerprint import normalise
from groundwork.refusals import Code, Refusal

PlanJson = Mapping[str, Any]
"""What `terraform show -json` says of a plan. It holds secrets: only ever in memory."""

_NAMED = 6  # resources that a sentence names before it only counts


@dataclass(frozen=True)
class Comparison:
    """How a plan made now relates to the approved one.

    `same`: its keyed fingerprint is the approved one's. `drift` is address → names of the attributes that somebody
    changed outside of Terraform since the approved plan was made ("deleted" for the whole resource). `different` are
    the resources and outputs that the two plans treat differently, in words.
    """

    same: bool
    drift: Mapping[str, tuple[str, ...]]
    different: tuple[str, ...]


def compare(approved: PlanJson, fresh: PlanJson, *, same: bool) -> Comparison:
    """The difference of two plans of one stack; `same` is what the store says of the fresh one's fingerprint."""
    if same:
        return Comparison(same=True, drift={}, different=())
    known = {one["address"]: one["change"] for one in approved.get("resource_drift", ())}
    drift = {
        one["address"]: _drifted(one["change"])
        for one in fresh.get("resource_drift", ())
        if known.get(one["address"]) != one["change"] and one["change"]["actions"] != ["no-op"]
    }
    then, now = normalise(approved), normalise(fresh)
    return Comparison(same=False, drift=drift, different=(*_resources(then, now), *_others(then, now)))


def check(run: RunFacts, facts: StackFacts, found: Comparison, *, state_moved: bool) -> Iterator[Refusal]:
    """DRIFT where the world moved, PLAN_DIFFERS where the plan is another for any other reason.

    A state that moved explains another plan by itself; then only drift is said.
    """
    if found.same:
        return
    if found.drift:
        resources = [f"{address} ({', '.join(names)})" for address, names in sorted(found.drift.items())]
        yield Refusal(
            Code.DRIFT,
            f"changed behind Terraform's back since the plan was made: {_listed(resources)}",
            f"gw diff {facts.stack}; then put it back, or take it over: {run.plan_again}",
            facts.stack,
        )
    elif not state_moved:
        what = _listed(found.different) or "in what its fingerprint covers"
        yield Refusal(
            Code.PLAN_DIFFERS, f"a plan made now is not the approved one: {what}", run.plan_again, facts.stack
        )


def _drifted(change: Mapping[str, Any]) -> tuple[str, ...]:
    if "delete" in change["actions"]:
        return ("deleted",)
    return _unlike(change.get("before"), change.get("after")) or ("something computed",)


def _resources(approved: PlanJson, fresh: PlanJson) -> Iterator[str]:
    then, now = approved["resources"], fresh["resources"]
    for address in sorted(then.keys() | now.keys()):
        was, would = then.get(address, _NOTHING), now.get(address, _NOTHING)
        if was["actions"] != would["actions"]:
            yield f"{address} ({_words(was['actions'])} → {_words(would['actions'])})"
        elif was != would:
            inside = {name for part in _VALUES for name in _unlike(was.get(part), would.get(part))}
            yield f"{address} ({', '.join(sorted(inside)) or 'how it is done'})"


def _others(approved: PlanJson, fresh: PlanJson) -> Iterator[str]:
    for part, word in (("outputs", "output"), ("providers", "provider")):
        yield from (f"{word} {name}" for name in _unlike(approved[part], fresh[part]))


_NOTHING: Mapping[str, Any] = {"actions": ["no-op"]}
_VALUES = ("before", "after", "unknown")


def _words(actions: Sequence[str]) -> str:
    return "replace" if len(actions) == 2 else actions[0]


def _unlike(before: Any, after: Any) -> tuple[str, ...]:
    """Names of the attributes in which two values of a resource differ."""
    then, now = before if isinstance(before, dict) else {}, after if isinstance(after, dict) else {}
    return tuple(sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name)))


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return ", ".join(items[:_NAMED]) + more
