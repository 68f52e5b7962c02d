"""Assets of a stack (Lambda zips, charts): which of their files differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from groundwork.review.model import AttributeChange
from groundwork.review.snapshot import StackSnapshot

_MOST = 40
"""The most files that are listed for one attribute; further ones are only counted."""


def contents(changed: Sequence[AttributeChange], old: StackSnapshot, new: StackSnapshot) -> tuple[AttributeChange, ...]:
    """For every changed attribute that names an asset: the files in it that differ, as `attribute: file`."""
    files: list[AttributeChange] = []
    for change in changed:
        before, after = _asset(change.before), _asset(change.after)
        if before and after:
            left, right = _below(before, old.assets), _below(after, new.assets)
            different = list(_different(left, right, prefix=f"{change.path}: "))
            files += different[:_MOST]
            if len(different) > _MOST:
                rest = f"{change.path}: … and {len(different) - _MOST} more files"
                files.append(AttributeChange(path=rest, before=None, after=None))
    return tuple(files)


def unreferenced(old: StackSnapshot, new: StackSnapshot) -> Iterator[AttributeChange]:
    """Assets whose content differs although their path, which contains a hash, is the same."""
    for path in sorted(old.assets.keys() & new.assets.keys()):
        if old.assets[path] != new.assets[path]:
            yield _change(f"asset {path}", old.assets[path], new.assets[path])


def _asset(text: str | None) -> str:
    """The path of the asset that an attribute names; empty where it does not name an asset."""
    value = json.loads(text) if text and text.startswith('"') else None
    path = value.removeprefix("./") if isinstance(value, str) else ""
    return path if path.startswith("assets/") else ""


def _below(path: str, inventory: Mapping[str, str]) -> dict[str, str]:
    """The files of an asset: path inside the asset → digest."""
    return {
        name[len(path) :].lstrip("!/") or path.rpartition("/")[2]: digest
        for name, digest in inventory.items()
        if name == path or name.startswith((f"{path}/", f"{path}!"))
    }


def _different(before: Mapping[str, str], after: Mapping[str, str], *, prefix: str) -> Iterator[AttributeChange]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield _change(f"{prefix}{name}", before.get(name), after.get(name))


def _change(path: str, before: str | None, after: str | None) -> AttributeChange:
    return AttributeChange(path=path, before=_short(before), after=_short(after))


def _short(digest: str | None) -> str | None:
    return None if digest is None else json.dumps(f"sha256:{digest[:12]}")
