"""Compares two values of the same resource, output or setting, attribute by attribute."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from groundwork.review.model import AttributeChange
from groundwork.review.provider_facts import facts
from groundwork.review.values import Document, Masked, Value, as_list, canonical, identity, is_policy, plain, text

_IDENTITY = (
    "Sid", "sid", "id", "name", "Name", "key", "rule_id", "attribute_name", "cidr_block", "policy_name", "path",
)  # fmt: skip
"""Keys that identify an element of a list: elements with the same value there are compared with each other."""
_META_SETS = {"depends_on", "lifecycle.ignore_changes", "lifecycle.replace_triggered_by"}


def compare(before: Value, after: Value, *, path: str = "", type_: str = "") -> list[AttributeChange]:
    """The attributes that differ; an absent side is None. The resource type `type_` decides which lists are sets."""
    return list(_Comparison(type_).values(before, after, path, path))


def all_attributes(body: Mapping[str, Value], *, added: bool) -> list[AttributeChange]:
    """Every attribute of a resource that is added or removed."""
    return [
        AttributeChange(path=key, before=None, after=text(value))
        if added
        else AttributeChange(path=key, before=text(value), after=None)
        for key, value in sorted(body.items())
    ]


class _Missing:
    """The value of a key that is absent; None is JSON's null."""


_MISSING = _Missing()


class _Comparison:
    def __init__(self, type_: str) -> None:
        self._type = type_

    def values(self, before: Value, after: Value, path: str, bare: str) -> Iterator[AttributeChange]:
        """`bare` is the path without indices."""
        if _same(before, after):
            return
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from self._objects(before, after, path, bare)
        elif isinstance(before, list) and isinstance(after, list):
            yield from self._lists(before, after, path, bare)
        elif isinstance(before, Document) and isinstance(after, Document):
            yield from self._documents(before, after, path, bare)
        elif isinstance(before, Mapping) and isinstance(after, list) and len(after) == 1:
            yield from self.values([before], after, path, bare)  # one block, written in both ways
        elif isinstance(before, list) and isinstance(after, Mapping) and len(before) == 1:
            yield from self.values(before, [after], path, bare)
        else:
            yield AttributeChange(path=path, before=_shown(before), after=_shown(after))

    def _documents(self, before: Document, after: Document, path: str, bare: str) -> Iterator[AttributeChange]:
        changes = list(self.values(_canonical_document(before), _canonical_document(after), path, bare))
        if changes:
            yield from changes
        else:
            # Equal JSON in a different notation: Terraform compares the strings.
            yield AttributeChange(path=path, before=_shown(before.text), after=_shown(after.text))

    def _objects(
        self, before: Mapping[str, Value], after: Mapping[str, Value], path: str, bare: str
    ) -> Iterator[AttributeChange]:
        for key in sorted(before.keys() | after.keys()):
            below = f"{path}{_key(key)}" if path else key
            yield from self.values(
                before.get(key, _MISSING), after.get(key, _MISSING), below, f"{bare}.{key}" if bare else key
            )

    def _lists(self, before: list[Value], after: list[Value], path: str, bare: str) -> Iterator[AttributeChange]:
        old, new = list(enumerate(before)), list(enumerate(after))
        _drop_pairs(old, new, _same)
        if not old and not new:
            if not (bare in _META_SETS or bare.endswith("Statement") or facts().is_set(self._type, bare)):
                yield AttributeChange(path=path, before=text(before), after=text(after))  # only their order differs
            return
        pairs = _drop_pairs(old, new, _same_name)
        objects = all(isinstance(item, Mapping) for _, item in (*old, *new))
        if objects or len(before) == len(after):
            # The remaining elements are compared in order: the first with the first.
            pairs += list(zip(old, new, strict=False))
            old, new = old[len(new) :], new[len(old) :]
        by_index: list[tuple[int, list[AttributeChange]]] = []
        for (_, earlier), (index, later) in pairs:
            by_index.append((index, list(self.values(earlier, later, f"{path}[{index}]", bare))))
        for index, item in old:
            by_index.append((index, [AttributeChange(path=f"{path}[{index}]", before=text(item), after=None)]))
        for index, item in new:
            by_index.append((index, [AttributeChange(path=f"{path}[{index}]", before=None, after=text(item))]))
        for _, changes in sorted(by_index, key=lambda pair: pair[0]):
            yield from changes


def _canonical_document(document: Document) -> Value:
    """The parsed document; in a policy, single values become lists and the statements keep their order."""
    value = document.value
    if not is_policy(value):
        return value
    statements = [canonical({"Statement": [entry]})["Statement"][0] for entry in as_list(value["Statement"])]
    return {**value, "Statement": statements}


def _drop_pairs(
    old: list[tuple[int, Value]], new: list[tuple[int, Value]], alike: Callable[[Value, Value], bool]
) -> list[tuple[tuple[int, Value], tuple[int, Value]]]:
    """Remove the elements that are alike from both lists and return them in pairs."""
    pairs = []
    for item in list(old):
        other = next((candidate for candidate in new if alike(item[1], candidate[1])), None)
        if other is not None:
            old.remove(item)
            new.remove(other)
            pairs.append((item, other))
    return pairs


def _same_name(before: Value, after: Value) -> bool:
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return False
    return any(key in before and key in after and _same(before[key], after[key]) for key in _IDENTITY)


def _same(before: Value, after: Value) -> bool:
    if before is after:
        return True
    if isinstance(before, _Missing) or isinstance(after, _Missing):
        return _is_null(before) and _is_null(after)  # to Terraform an argument that is null is not set
    return identity(before) == identity(after)


def _is_null(value: Value | _Missing) -> bool:
    return value is None or isinstance(value, _Missing)


def _shown(value: Any) -> str | None:
    if isinstance(value, _Missing):
        return None
    if isinstance(value, Masked):
        return json.dumps(value.shown, ensure_ascii=False)
    return text(plain(value))


def _key(key: str) -> str:
    """A key as it is appended to a path: `.status`, `["a.b/c"]`."""
    return f".{key}" if key.replace("_", "").replace("-", "").isalnum() else f"[{json.dumps(key, ensure_ascii=False)}]"


def top_level(changes: Sequence[AttributeChange]) -> frozenset[str]:
    """The names of the top-level attributes that contain the changes."""
    return frozenset(change.path.partition(".")[0].partition("[")[0] for change in changes)
