"""Which resources exist with a stack's tags although no state knows them, and which address each has in the plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.plan.fingerprint import changed_resources
from groundwork.recover.arns import NOT_LISTED, Arn, Importable, importable
from groundwork.recover.steps import Plan, State, Step, instances
from groundwork.recover.tagged import Tagged

_NAMES = (
    "name",
    "bucket",
    "function_name",
    "cluster_name",
    "domain_name",
    "node_group_name",
    "addon_name",
    "stage_name",
)
"""Attributes that name a resource of some type."""


@dataclass(frozen=True)
class Found:
    """A resource without a state. `line` imports it (empty where nobody can say how); `why` says how sure that is.

    `addresses` are the planned resources that it may be: exactly one where `certain`.
    """

    arn: str
    addresses: tuple[str, ...]
    id: str
    certain: bool
    why: str

    @property
    def line(self) -> str:
        """The command, or empty."""
        return f"terraform import '{self.addresses[0]}' '{self.id}'" if len(self.addresses) == 1 and self.id else ""


def without_state(tagged: Iterable[Tagged], states: Sequence[State]) -> list[Tagged]:
    """Those that appear in no state, neither by ARN nor by type and id."""
    texts: set[str] = set()
    ids: set[tuple[str, str]] = set()
    for state in states:
        for one in instances(state).values():
            texts |= set(_texts(one.attributes))
            ids.add((one.type, str(one.attributes.get("id"))))
    return [one for one in tagged if one.arn not in texts and not _known(one.arn, ids)]


def addressed(found: Sequence[Tagged], plan: Plan, state: State) -> list[Found]:
    """Each resource with the planned one that it is, as far as type, name and tags tell."""
    there = instances(state)
    created = [
        one
        for one in changed_resources(plan)
        if "create" in one["change"]["actions"]
        and (one["address"] not in there or "delete" in one["change"]["actions"])
    ]
    kinds = {one.arn: importable(Arn.of(one.arn)) for one in found}
    alike = [kind.types for kind in kinds.values() if kind]
    return [_addressed(one, kinds[one.arn], created, alike) for one in found]


def cannot_be_found(steps: Iterable[Step]) -> list[str]:
    """Addresses that were to be created, are in no state, and carry no tags that AWS lists."""
    return [
        step.address
        for step in steps
        if step.action in {"create", "replace"}
        and step.progress == "not recorded"
        and (not step.taggable or step.type in NOT_LISTED)
    ]


def _addressed(
    one: Tagged, kind: Importable | None, created: Sequence[Mapping[str, Any]], alike: Sequence[Collection[str]]
) -> Found:
    if kind is None:
        return Found(one.arn, (), "", False, "no import id is known for this kind: see the provider's documentation")
    of_type = [it for it in created if it["type"] in kind.types]
    named = [it for it in of_type if _same_name(it, kind, one)]
    if len(named) == 1:
        return Found(one.arn, (named[0]["address"],), kind.id, True, "type and name are as planned")
    open_ = [it for it in of_type if not _names(it)]
    if not named and len(open_) == 1 and alike.count(kind.types) == 1:
        why = "the only planned resource of its type without a state and without a planned name"
        return Found(one.arn, (open_[0]["address"],), kind.id, False, f"{why}: look before you import")
    candidates = tuple(it["address"] for it in named or open_)
    if candidates:
        return Found(one.arn, candidates, kind.id, False, "several planned resources may be this one")
    types = " or ".join(kind.types)
    return Found(
        one.arn, (), kind.id, False, f"the plan makes no {types} of this name: of an earlier apply, or made by AWS"
    )


def _same_name(planned: Mapping[str, Any], kind: Importable, found: Tagged) -> bool:
    after = planned["change"].get("after") or {}
    if kind.name and kind.name in _names(planned):
        return True
    tag = (after.get("tags_all") or after.get("tags") or {}).get("Name")
    return bool(tag) and tag == found.tags.get("Name")


def _names(planned: Mapping[str, Any]) -> set[str]:
    after = planned["change"].get("after") or {}
    tag = (after.get("tags_all") or after.get("tags") or {}).get("Name")
    return {str(after[name]) for name in _NAMES if after.get(name)} | ({f"tag {tag}"} if tag else set())


def _known(arn: str, ids: Collection[tuple[str, str]]) -> bool:
    kind = importable(Arn.of(arn))
    return kind is not None and any((type_, kind.id) in ids for type_ in kind.types)


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for below in value.values():
            yield from _texts(below)
    elif isinstance(value, list):
        for below in value:
            yield from _texts(below)
