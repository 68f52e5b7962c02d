"""Assets of a stack (Lambda zips, charts): which of their files and packages differ, and the lines of Python."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence

from groundwork.review.model import AttributeChange
from groundwork.review.snapshot import StackSnapshot
from groundwork.review.values import Value, plain, text

_MOST = 40
"""The most files that are listed for one attribute; further ones are only counted."""
_LINES = 80
"""The most lines of one file that are shown as different."""
_CONTEXT = 2
"""Unchanged lines around a difference: one fewer than a report shows, which then shows the line's number too."""
_MOST_COMPARED = 4_000
"""With more lines on both sides together, a comparison takes seconds."""


def contents(changed: Sequence[AttributeChange], old: StackSnapshot, new: StackSnapshot) -> tuple[AttributeChange, ...]:
    """For every changed attribute that names an asset, what in it differs.

    Files are `attribute: file`: of Python the lines around the differences, of others a digest. Packages are
    `attribute: package NAME` with their versions.
    """
    listed: list[AttributeChange] = []
    for change in changed:
        before, after = _asset(change.before), _asset(change.after)
        if before and after:
            different = [
                *_files(_below(before, old.assets), _below(after, new.assets), new.texts, prefix=f"{change.path}: "),
                *_packages(
                    _below(before, old.packages), _below(after, new.packages), prefix=f"{change.path}: package "
                ),
            ]
            listed += different[:_MOST]
            if len(different) > _MOST:
                rest = f"{change.path}: … and {len(different) - _MOST} more"
                listed.append(AttributeChange(path=rest, before=None, after=None))
    return tuple(listed)


def texts(
    changed: Sequence[AttributeChange], old: StackSnapshot, new: StackSnapshot
) -> Iterator[tuple[str, Value, Value]]:
    """The Python that differs in assets named by changed attributes: `attribute: file`, its text before, and after."""
    for change in changed:
        before, after = _asset(change.before), _asset(change.after)
        was, now = _below(before, old.assets) if before else {}, _below(after, new.assets) if after else {}
        for name, digest in now.items():
            if digest in new.texts and digest != was.get(name):
                yield f"{change.path}: {name}", old.texts.get(was.get(name, ""), ""), new.texts[digest]


def packages(
    changed: Sequence[AttributeChange], old: StackSnapshot, new: StackSnapshot
) -> Iterator[tuple[str, str, str]]:
    """The packages that both sides have in assets named by changed attributes: name, what it was, and what it is."""
    for change in changed:
        before, after = _asset(change.before), _asset(change.after)
        if before and after:
            was, now = _below(before, old.packages), _below(after, new.packages)
            yield from ((name, was[name], now[name]) for name in sorted(was.keys() & now.keys()))


def same_version(before: str, after: str) -> bool:
    """Whether a package has the same version and other files: nothing but a digest shows the difference."""
    return before != after and before.partition(" ")[0] == after.partition(" ")[0]


def unreferenced(old: StackSnapshot, new: StackSnapshot) -> Iterator[AttributeChange]:
    """Assets whose content differs although their path, which contains a hash, is the same."""
    for path in sorted(old.assets.keys() & new.assets.keys()):
        if old.assets[path] != new.assets[path]:
            yield _change(f"asset {path}", old.assets[path], new.assets[path])


def _asset(shown: str | None) -> str:
    """The path of the asset that an attribute names; empty where it does not name an asset."""
    value = json.loads(shown) if shown and shown.startswith('"') else None
    path = value.removeprefix("./") if isinstance(value, str) else ""
    return path if path.startswith("assets/") else ""


def _below(path: str, inventory: Mapping[str, str]) -> dict[str, str]:
    """The files of an asset: path inside the asset → digest."""
    return {
        name[len(path) :].lstrip("!/") or path.rpartition("/")[2]: digest
        for name, digest in inventory.items()
        if name == path or name.startswith((f"{path}/", f"{path}!"))
    }


def _packages(before: Mapping[str, str], after: Mapping[str, str], *, prefix: str) -> Iterator[AttributeChange]:
    """Versions; where only the files of a package differ, their digests too."""
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was != now:
            exact = was is not None and now is not None and same_version(was, now)
            yield AttributeChange(path=f"{prefix}{name}", before=_version(was, exact), after=_version(now, exact))


def _version(shown: str | None, exact: bool) -> str | None:
    if shown is None:
        return None
    version, _, digest = shown.partition(" ")
    return text(f"{version} (files sha256:{digest[:12]})" if exact else version)


def _files(
    before: Mapping[str, str], after: Mapping[str, str], texts: Mapping[str, Value], *, prefix: str
) -> Iterator[AttributeChange]:
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        sides = [plain(texts.get(digest)) if digest else "" for digest in (was, now)]
        if None in sides or sum(side.count("\n") for side in sides) > _MOST_COMPARED:
            yield _change(f"{prefix}{name}", was, now)
        else:
            yield _lines(f"{prefix}{name}", *sides)


def _lines(path: str, before: str, after: str) -> AttributeChange:
    """The lines around the differences of two texts, at most _LINES of them; an empty text is a missing file."""
    old, new = before.split("\n") if before else [], after.split("\n") if after else []
    shown: tuple[list[str], list[str]] = ([], [])
    left = _LINES
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_CONTEXT):
        sides = old[group[0][1] : group[-1][2]], new[group[0][3] : group[-1][4]]
        for side, lines in zip(shown, sides, strict=True):
            side += [f"… line {group[0][3] + 1}", *lines[: max(0, left)]]
        if (left := left - max(map(len, sides))) < 0:
            for side in shown:
                side.append("… and more")
            break
    was, now = (text("\n".join(side)) if lines else None for side, lines in zip(shown, (old, new), strict=True))
    return AttributeChange(path=path, before=was, after=now)


def _change(path: str, before: str | None, after: str | None) -> AttributeChange:
    return AttributeChange(path=path, before=_short(before), after=_short(after))


def _short(digest: str | None) -> str | None:
    if digest is None or digest.startswith("link"):
        return digest and text(digest)
    return text(f"sha256:{digest[:12]}")
