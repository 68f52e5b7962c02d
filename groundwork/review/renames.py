"""Finds renames: resources that Terraform would destroy and create again only because their address changed."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from groundwork.review import python_names
from groundwork.review.attributes import compare, top_level
from groundwork.review.replacement import forcing
from groundwork.review.snapshot import Resource, StackSnapshot
from groundwork.review.values import Document, Masked, Value

_ALIKE = 0.75
"""Two resources of one type with at least this share of equal values count as the same resource."""
_INDEX = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True)
class Rename:
    """`moved`: a `moved` block declares it, so that nothing is destroyed."""

    before: Resource
    after: Resource
    moved: bool

    def advice(self, source: python_names.Source) -> str:
        """The line of Python that keeps the resource; empty where it is not needed."""
        if self.moved or self.after.is_data:
            return ""
        name = python_names.name(self.after, source)
        return (
            f'{name}.move_from_id("{self.before.address}")  '
            f'# or keep the address: {name}.override_logical_id("{self.before.name}")'
        )


def find(before: StackSnapshot, after: StackSnapshot) -> list[Rename]:
    """The renames of one stack: those that `moved` blocks declare, then the most similar removed and added resources.

    A pair that differs in an attribute that forces a replacement is not a rename: no `moved` block would keep it.
    """
    removed = {address: resource for address, resource in before.resources.items() if address not in after.resources}
    added = {address: resource for address, resource in after.resources.items() if address not in before.resources}
    renames: list[Rename] = []
    for old, new in _moves(after):
        if old in removed and new in added:
            renames.append(Rename(removed.pop(old), added.pop(new), moved=True))
    old_addresses, new_addresses = set(removed), set(added)
    by_type: dict[str, list[Resource]] = defaultdict(list)
    for resource in added.values():
        by_type[_kind(resource)].append(resource)
    scored = [
        (score, _name_similarity(resource, other), resource, other)
        for resource in removed.values()
        for other in by_type[_kind(resource)]
        if (score := _similarity(resource, other, old_addresses, new_addresses)) >= _ALIKE
    ]
    scored.sort(key=lambda entry: (-entry[0], -entry[1], entry[2].address, entry[3].address))
    for _, _, resource, other in scored:
        if resource.address in removed and other.address in added:
            renames.append(Rename(removed.pop(resource.address), added.pop(other.address), moved=False))
    return renames


def follow(value: Value, names: Mapping[str, str]) -> Value:
    """A value in which references to renamed resources (`names`: old → new address) use the new address."""
    if not names:
        return value
    pattern = re.compile(
        r"(?<![\w.-])(" + "|".join(map(re.escape, sorted(names, key=len, reverse=True))) + r")(?![\w-])"
    )
    return _rewrite(value, pattern, names)


def _rewrite(value: Value, pattern: re.Pattern[str], names: Mapping[str, str]) -> Value:
    if isinstance(value, str):
        return pattern.sub(lambda match: names.get(match[0], "?"), value)
    if isinstance(value, Masked):
        return value
    if isinstance(value, Document):
        text = value.text if isinstance(value.text, Masked) else _rewrite(value.text, pattern, names)
        return Document(_rewrite(value.value, pattern, names), text, value.exact)
    if isinstance(value, Mapping):
        return {key: _rewrite(item, pattern, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_rewrite(item, pattern, names) for item in value]
    return value


def _moves(stack: StackSnapshot) -> Iterator[tuple[str, str]]:
    """The first and the last address of every chain of `moved` blocks, without indices."""
    steps = {_INDEX.sub("", old): _INDEX.sub("", new) for old, new in stack.moved}
    for start, step in steps.items():
        seen, end = {start}, step
        while end in steps and end not in seen:
            seen.add(end)
            end = steps[end]
        yield start, end


def _kind(resource: Resource) -> str:
    return f"data.{resource.type}" if resource.is_data else resource.type


def _similarity(before: Resource, after: Resource, removed: Collection[str], added: Collection[str]) -> float:
    """The share of equal leaves; references to removed and added resources are equal where their types are."""
    left, right = _anonymous(before.body, removed), _anonymous(after.body, added)
    changes = compare(left, right, type_=before.type)
    if forcing(before.type, [change.path for change in changes]):
        return 0.0
    leaves = max(_leaves(left), _leaves(right), 1)
    changed = sum(max(_size(change.before), _size(change.after)) for change in changes)
    # Differences in tags and descriptions alone never make two resources different.
    score = 1.0 - changed / leaves
    return score if score >= _ALIKE or top_level(changes) - {"tags", "description", "depends_on"} else _ALIKE


def _anonymous(body: Mapping[str, Value], addresses: Collection[str]) -> Value:
    return follow(body, {address: f"{address.rpartition('.')[0]}.?" for address in addresses})


def _leaves(value: Value) -> int:
    if isinstance(value, Document):
        return _leaves(value.value)
    if isinstance(value, Mapping):
        return sum(map(_leaves, value.values())) or 1
    if isinstance(value, list):
        return sum(map(_leaves, value)) or 1
    return 1


def _size(text: str | None) -> int:
    """Roughly how many leaves a JSON text holds, so that a changed block counts for all its leaves."""
    return 0 if text is None else 1 + text.count(",") if text[:1] in "{[" else 1


def _name_similarity(before: Resource, after: Resource) -> float:
    return difflib.SequenceMatcher(None, before.path or before.name, after.path or after.name).ratio()
