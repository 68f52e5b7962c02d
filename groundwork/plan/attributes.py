"""What a plan does, attribute by attribute and without secrets, in the words of the review: for whoever approves it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from groundwork.plan import contents
from groundwork.plan.bundle import Frozen
from groundwork.plan.fingerprint import Plan, changed_outputs, changed_resources, name_of
from groundwork.review.attributes import all_attributes, compare
from groundwork.review.model import AttributeChange, Kind, ResourceChange
from groundwork.review.redaction import Redactor
from groundwork.review.values import Masked, Value

SUFFIX = ".attributes.json"
UNKNOWN = "(known after apply)"


class PlannedChange(Frozen):
    """What the plan does to one resource: in a word as in `Bundle.changes`, and attribute by attribute."""

    word: str
    resource: ResourceChange


class Attributes(Frozen):
    """The resources and outputs that a stack's plan changes."""

    stack: str
    resources: tuple[PlannedChange, ...]
    outputs: tuple[AttributeChange, ...]


def of_plan(stack: str, plan: Plan, *, secrets_read: Iterable[Any] = ()) -> Attributes:
    """The changes of a plan in Terraform's JSON.

    Hidden are what Terraform calls sensitive, what the provider's schema calls sensitive, and what its name or looks
    give away, wherever it occurs in the plan (groundwork.review.redaction). So are `secrets_read`, the sensitive
    outputs of other states: Terraform forgets that they are sensitive where a stack reads them.
    """
    redactor = Redactor()
    for secret in secrets_read:
        redactor.all_of(secret)
    resources = changed_resources(plan)
    sides = [_Sides.of(redactor, resource["change"], resource["type"]) for resource in resources]
    changes = {name: plan["output_changes"][name] for name in changed_outputs(plan)}
    outputs = {name: _Sides.of(redactor, _as_object(name, change), "") for name, change in sorted(changes.items())}
    words = contents.changes(plan)
    return Attributes(
        stack=stack,
        # Only now every secret is known.
        resources=tuple(
            PlannedChange(
                word=words[name_of(resource)], resource=_resource(stack, resource, side.hidden_again(redactor))
            )
            for resource, side in zip(resources, sides, strict=True)
        ),
        outputs=tuple(change for side in outputs.values() for change in side.hidden_again(redactor).changes("")),
    )


def write(attributes: Attributes, folder: Path) -> None:
    """Write the file beside the stack's bundle; only its owner may read it."""
    path = folder / f"{attributes.stack}{SUFFIX}"
    path.touch(mode=0o600)
    path.write_text(attributes.model_dump_json() + "\n", encoding="utf-8")


def read(stack: str, folder: Path) -> Attributes | None:
    """What `write` wrote; None where nothing was written."""
    path = folder / f"{stack}{SUFFIX}"
    return Attributes.model_validate_json(path.read_bytes()) if path.is_file() else None


class _Sides:
    """A resource or output before and after; None where it does not exist."""

    def __init__(self, before: Mapping[str, Value] | None, after: Mapping[str, Value] | None) -> None:
        self.before = before
        self.after = after

    @classmethod
    def of(cls, redactor: Redactor, change: Mapping[str, Any], type_: str) -> _Sides:
        before = _masked(redactor, change.get("before"), change.get("before_sensitive"))
        after = _masked(redactor, change.get("after"), change.get("after_sensitive"))
        hidden = [redactor.resource(type_, side) if isinstance(side, Mapping) else None for side in (before, after)]
        if isinstance(change.get("after"), Mapping):
            hidden[1] = _with_unknown(hidden[1] or {}, change.get("after_unknown"))
        return cls(*hidden)

    def hidden_again(self, redactor: Redactor) -> _Sides:
        sides = [None if side is None else redactor.hide_again(side) for side in (self.before, self.after)]
        return _Sides(*sides)

    def changes(self, type_: str) -> Iterator[AttributeChange]:
        if self.before is None or self.after is None:
            body = self.after if self.before is None else self.before
            # Terraform lists every attribute of the schema; most have no value.
            set_ = {key: value for key, value in (body or {}).items() if value not in (None, [], {})}
            yield from all_attributes(set_, added=self.before is None)
        else:
            yield from compare(self.before, self.after, type_=type_)


def _resource(stack: str, resource: Mapping[str, Any], sides: _Sides) -> ResourceChange:
    change, previous = resource["change"], str(resource.get("previous_address") or "")
    kind = Kind.ADDED if sides.before is None else Kind.REMOVED if sides.after is None else Kind.CHANGED
    return ResourceChange(
        stack=stack,
        address=name_of(resource),
        type=resource["type"],
        kind=Kind.RENAMED if previous and kind is Kind.CHANGED else kind,
        attributes=tuple(sides.changes(resource["type"])),
        origin=(),
        renamed_from=previous,
        forces_replacement=tuple(_path(path) for path in change.get("replace_paths") or ()),
    )


def _masked(redactor: Redactor, value: Any, sensitive: Any) -> Value:
    """A value without what Terraform marks: `sensitive` is true, or mirrors the value down to what is."""
    if sensitive is True:
        return redactor.all_of(value)
    if isinstance(value, Mapping) and isinstance(sensitive, Mapping):
        return {key: _masked(redactor, item, sensitive.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(sensitive, list):
        marks = [*sensitive, *([None] * len(value))]
        return [_masked(redactor, item, mark) for item, mark in zip(value, marks, strict=False)]
    return value


def _with_unknown(value: Value, unknown: Any) -> Value:
    """A value with what is unknown until the apply; each of them differs from everything."""
    if unknown is True:
        return Masked(UNKNOWN, secrets.token_hex())
    if isinstance(unknown, Mapping) and isinstance(value, Mapping | None):
        known = dict(value or {})
        return known | {key: _with_unknown(known.get(key), mark) for key, mark in unknown.items() if mark}
    if isinstance(unknown, list) and isinstance(value, list):
        marks = [*unknown, *([False] * len(value))]
        return [_with_unknown(item, mark) if mark else item for item, mark in zip(value, marks, strict=False)]
    return value


def _as_object(name: str, change: Mapping[str, Any]) -> dict[str, Any]:
    """An output's change as that of an object whose only key is its name, so that the name can give a secret away."""
    exists = {"before": "create" not in change["actions"], "after": "delete" not in change["actions"]}
    named: dict[str, Any] = {side: {name: change.get(side)} if exists[side] else None for side in exists}
    marks = {f"{side}_sensitive": {name: change.get(f"{side}_sensitive")} for side in exists}
    return {**named, **marks, "after_unknown": {name: change.get("after_unknown")}}


def _path(path: list[Any]) -> str:
    """`["rule", 0, "status"]` as the review writes it: `rule[0].status`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
