"""Why resources have another address: the id of one construct that changed, or constructs at another place.

An id is kept by writing the old one, which always works. `move_from_id` and `override_logical_id` do not: a line that
creates several resources would move one address twice, and cdktf ignores a logical id that is set after a reference.
What has another place in the tree is kept by `moved` blocks of its stack.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from groundwork.review import construct_ids
from groundwork.review.construct_ids import Source
from groundwork.review.model import Line
from groundwork.review.renames import Rename

_Path = tuple[str, ...]


@dataclass(frozen=True)
class RenameCause:
    """`what` names the cause in a clause; `advice` is Python that keeps the resources, empty where none is known."""

    what: str
    fix: str
    renames: tuple[Rename, ...]
    origin: tuple[Line, ...]
    advice: str


def find(renames: Iterable[Rename], paths: Iterable[str], source: Source) -> Iterator[RenameCause]:
    """The causes of renames that no `moved` block declares. `paths` are head's construct paths, below the stack."""
    by_id: dict[tuple[_Path, str, str], list[Rename]] = defaultdict(list)
    elsewhere: list[Rename] = []
    taken = {tuple(path.split("/")[:depth]) for path in paths for depth in range(1, path.count("/") + 2)}
    for rename in renames:
        if rename.moved or rename.after.is_data:
            continue
        ids = list(_changed_ids(rename.before.path, rename.after.path))
        if ids and not any((*parent, was) in taken for parent, was, _ in ids):
            for changed in ids:
                by_id[changed].append(rename)
        else:
            elsewhere.append(rename)
    for (_, was, now), same in by_id.items():
        yield _of_id(was, now, same, source)
    if elsewhere:
        yield _of_place(elsewhere, source)


def _changed_ids(before: str, after: str) -> Iterator[tuple[_Path, str, str]]:
    """The scope, old and new id of every construct on the way that has another id; nothing for another place."""
    old, new = before.split("/"), after.split("/")
    if len(old) == len(new):
        yield from (
            (tuple(new[:depth]), *pair) for depth, pair in enumerate(zip(old, new, strict=True)) if len({*pair}) > 1
        )


def _of_id(was: str, now: str, renames: Sequence[Rename], source: Source) -> RenameCause:
    origin = renames[0].after.origin
    literal = construct_ids.written(now, origin, source)
    advice = ""
    if literal:
        origin = (literal.line, *origin[literal.number + 1 :])
        advice = f"{literal.with_id(was)}  # {literal.line.file}:{literal.line.line}"
    return RenameCause(f"The id {was} becomes {now}", f"keep the id {was}", tuple(renames), origin, advice)


def _of_place(renames: Sequence[Rename], source: Source) -> RenameCause:
    origin = renames[0].after.origin
    made = construct_ids.constructor(origin, source)
    moves = [f'        {{"from": "{it.before.address}", "to": "{it.after.address}"}},' for it in renames]
    where = f"# at the end of {made[0]}.__init__, {made[1].file}:{made[1].line}" if made else "# of the stack"
    advice = "\n".join([where, "self.add_override(", '    "moved",', "    [", *moves, "    ],", ")"])
    old, new = (
        _shown([side.path or side.address for side in sides])
        for sides in ([it.before for it in renames], [it.after for it in renames])
    )
    what = f"What was {old} is now {new}" if old != new else f"The logical id of {new} changes"
    return RenameCause(what, "declare the moves", tuple(renames), origin, advice)


def _shown(paths: Sequence[str]) -> str:
    """The construct that holds all paths, otherwise the first of them."""
    levels: Mapping[int, set[str]] = {
        depth: {"/".join(path.split("/")[:depth]) for path in paths} for depth in range(1, paths[0].count("/") + 2)
    }
    shared = [same for same in levels.values() if len(same) == 1]
    return next(iter(shared[-1])) if shared else f"{paths[0]} and others"
