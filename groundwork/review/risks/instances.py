"""Instances of a resource that a changed `count` or `for_each` destroys or creates again under other addresses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Kind, Risk, Severity
from groundwork.review.values import Value, plain
from groundwork.synthesis import data_holders

_LIST = re.compile(r"\$\{toset\((?P<list>\[.*\])\)\}", re.DOTALL)


def find(stack: StackComparison) -> Iterator[Risk]:
    """Instances that go. Terraform moves a resource without count to `[0]` itself, and back (docs, "Refactoring")."""
    for change in stack.changes:
        if change.kind is Kind.CHANGED and change.before and change.after and not change.resource.is_data:
            yield from _lost(change, change.before.body, change.after.body)


def _lost(change: Change, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    if all(before.get(key) == after.get(key) for key in ("count", "for_each")):
        return
    old, new = _instances(before), _instances(after)
    type_ = change.resource.type
    if old is None or new is None:
        sentence = f"count or for_each of {type_} changes to what is not known here: see in the plan which instances go"
    elif gone := [name for name in old if name not in new]:
        names = ", ".join(gone[:5]) + (" …" if len(gone) > 5 else "")
        sentence = f"{len(gone)} of {len(old)} instances of {type_} are destroyed (keys {names})"
    else:
        return
    lost = data_holders.lost_with(type_)
    severity = Severity.HIGH if lost and old is not None and new is not None else Severity.MEDIUM
    yield change.risk(Concern.DATA_LOSS, severity, f"{sentence}{f', {lost} with them' if lost else ''}.")


def _instances(body: Mapping[str, Value]) -> list[str] | None:
    """The keys of a resource's instances, `0` without count; None where an expression decides."""
    count, each = plain(body.get("count")), plain(body.get("for_each"))
    if each is not None:
        keys = _keys(each)
        return None if keys is None else [json.dumps(key) for key in keys]
    if count is None:
        return ["0"]
    if isinstance(count, str) and count.isdigit():
        count = int(count)
    return [str(number) for number in range(count)] if isinstance(count, int) else None


def _keys(each: Value) -> list[str] | None:
    if isinstance(each, Mapping):
        return list(each)
    match = _LIST.fullmatch(each) if isinstance(each, str) else None
    try:
        keys = json.loads(match["list"]) if match else None
    except ValueError:
        return None
    return [str(key) for key in keys] if isinstance(keys, list) else None
