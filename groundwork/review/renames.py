"""Finds renames: resources that Terraform would destroy and create again only because their address changed."""

from __future__ import annotations

import difflib
import heapq
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from groundwork.review.attributes import compare, top_level
from groundwork.review.replacement import forcing, without_indices
from groundwork.review.snapshot import Resource, StackSnapshot
from groundwork.review.values import Document, Masked, Value, identity, leaves

_ALIKE = 0.75
"""Two resources of one type with at least this share of equal values count as the same resource."""
_COMMON = 50
"""A value that more resources have says too little to look for pairs by it."""
_COMPARED = 10
_ADDRESS = re.compile(r"(?<![\w.-])(?:data\.)?[A-Za-z_][\w-]*\.[\w-]+(?![\w-])")
_INDEX = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True)
class Rename:
    """`moved`: a `moved` block declares it, so that nothing is destroyed."""

    before: Resource
    after: Resource
    moved: bool


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
    before_bodies, after_bodies = _anonymous(removed), _anonymous(added)
    scored = [
        (score, _name_similarity(resource, other), resource, other)
        for resource, other in _candidates(removed, before_bodies, added, after_bodies)
        if (score := _similarity(resource.type, before_bodies[resource.address], after_bodies[other.address])) >= _ALIKE
    ]
    scored.sort(key=lambda entry: (-entry[0], -entry[1], entry[2].address, entry[3].address))
    for _, _, resource, other in scored:
        if resource.address in removed and other.address in added:
            renames.append(Rename(removed.pop(resource.address), added.pop(other.address), moved=False))
    return renames


def follow(value: Value, names: Mapping[str, str]) -> Value:
    """A value in which references to renamed resources (`names`: old → new address) use the new address."""
    return _rewrite(value, names) if names else value


def _rewrite(value: Value, names: Mapping[str, str]) -> Value:
    if isinstance(value, str):
        return _ADDRESS.sub(lambda match: names.get(match[0], match[0]), value) if "." in value else value
    if isinstance(value, Masked):
        return value
    if isinstance(value, Document):
        text = value.text if isinstance(value.text, Masked) else _rewrite(value.text, names)
        return Document(_rewrite(value.value, names), text, value.exact)
    if isinstance(value, Mapping):
        return {key: _rewrite(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_rewrite(item, names) for item in value]
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


def _candidates(
    removed: Mapping[str, Resource],
    before: Mapping[str, Value],
    added: Mapping[str, Resource],
    after: Mapping[str, Value],
) -> Iterator[tuple[Resource, Resource]]:
    """The pairs worth comparing: those with the most rare values in common. All pairs would take quadratic time."""
    holders: dict[tuple[str, str], list[str]] = defaultdict(list)
    for address, resource in added.items():
        for leaf in {(_kind(resource), ""), *_values(_kind(resource), after[address])}:
            holders[leaf].append(address)
    for address, resource in removed.items():
        shared: dict[str, float] = defaultdict(float)
        for leaf in {(_kind(resource), ""), *_values(_kind(resource), before[address])}:
            others = holders.get(leaf, ())
            if len(others) <= _COMMON:
                for other in others:
                    shared[other] += 1 / len(others)
        for other in heapq.nlargest(_COMPARED, shared, key=shared.__getitem__):
            yield resource, added[other]


def _values(kind: str, body: Value) -> Iterator[tuple[str, str]]:
    """The values inside a body, each with its path and the resource's kind."""
    return ((kind, f"{without_indices(path)}={identity(leaf)}") for path, leaf in leaves(body))


def _similarity(type_: str, before: Value, after: Value) -> float:
    """The share of equal leaves; references to removed and added resources are equal where their types are."""
    changes = compare(before, after, type_=type_)
    if forcing(type_, [change.path for change in changes]):
        return 0.0
    leaves = max(_leaves(before), _leaves(after), 1)
    changed = sum(max(_size(change.before), _size(change.after)) for change in changes)
    # Differences in tags and descriptions alone never make two resources different.
    score = 1.0 - changed / leaves
    return score if score >= _ALIKE or top_level(changes) - {"tags", "description", "depends_on"} else _ALIKE


def _anonymous(resources: Mapping[str, Resource]) -> dict[str, Value]:
    """The resources' bodies, in which references among them name their types only."""
    names = {address: f"{address.rpartition('.')[0]}.?" for address in resources}
    return {address: follow(resource.body, names) for address, resource in resources.items()}


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
