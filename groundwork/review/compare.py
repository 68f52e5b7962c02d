"""Compares two snapshots, stack by stack and resource by resource: what was added, removed, changed and renamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from typing import Literal

from groundwork.review import assets, charts, rename_causes, renames
from groundwork.review.attributes import all_attributes
from groundwork.review.attributes import compare as compare_values
from groundwork.review.construct_ids import Source
from groundwork.review.model import AttributeChange, Concern, Kind, Line, ResourceChange, Risk, Severity
from groundwork.review.replacement import forcing
from groundwork.review.snapshot import Resource, Snapshot, StackSnapshot
from groundwork.review.values import Value, text


@dataclass(frozen=True)
class Change:
    """One resource or data source that differs. In `before`, references to renamed resources use the new names.

    `moved`: a `moved` block declares the rename to Terraform.
    """

    stack: str
    kind: Kind
    before: Resource | None
    after: Resource | None
    attributes: tuple[AttributeChange, ...]
    moved: bool = False

    @property
    def resource(self) -> Resource:
        """The newer side."""
        newer = self.after or self.before
        assert newer is not None  # noqa: S101 - one side exists
        return newer

    @property
    def forces_replacement(self) -> tuple[str, ...]:
        """The changed attributes that are known to make Terraform replace the resource."""
        if self.before is None or self.after is None or self.resource.is_data:
            return ()
        return forcing(self.resource.type, [change.path for change in self.attributes])

    def entry(self) -> ResourceChange:
        """The entry in the report."""
        resource = self.resource
        return ResourceChange(
            stack=self.stack,
            address=resource.address,
            type=resource.type,
            kind=self.kind,
            attributes=self.attributes,
            origin=resource.origin,
            renamed_from=self.before.address if self.before and self.kind == Kind.RENAMED else "",
            moved=self.moved,
            forces_replacement=self.forces_replacement,
        )

    def risk(self, concern: Concern, severity: Severity, sentence: str) -> Risk:
        """A risk of this one resource, with the lines of Python that create it."""
        return Risk(
            concern=concern,
            severity=severity,
            stack=self.stack,
            address=self.resource.address,
            sentence=sentence,
            origin=self.resource.origin,
        )


@dataclass(frozen=True)
class StackComparison:
    """One stack; a side that does not exist is None."""

    name: str
    before: StackSnapshot | None
    after: StackSnapshot | None
    base_resources: Mapping[str, Resource]
    """Base's resources with their addresses in head, which references among them use too."""
    changes: tuple[Change, ...]
    rename_causes: tuple[rename_causes.RenameCause, ...]
    outputs: tuple[AttributeChange, ...]
    settings: tuple[AttributeChange, ...]

    @property
    def head_resources(self) -> Mapping[str, Resource]:
        """Head's resources by address."""
        return self.after.resources if self.after else {}

    @property
    def snapshot(self) -> StackSnapshot:
        """The newer side."""
        newer = self.after or self.before
        assert newer is not None  # noqa: S101 - one side exists
        return newer

    @property
    def state(self) -> Literal["added", "removed", "changed", "untouched"]:
        """Whether the stack exists on both sides and whether it differs."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "changed" if self.changes or self.outputs or self.settings else "untouched"

    @cached_property
    def origin(self) -> tuple[Line, ...]:
        """The Python through which all resources of the stack come: in which it is created."""
        return _common([resource.origin for resource in self.snapshot.resources.values() if resource.origin])

    def risk(self, concern: Concern, severity: Severity, sentence: str) -> Risk:
        """A risk of the stack as a whole, with the lines of Python that create it."""
        return Risk(
            concern=concern, severity=severity, stack=self.name, address="", sentence=sentence, origin=self.origin
        )


def compare(base: Snapshot, head: Snapshot, *, source: Source = lambda _: None) -> list[StackComparison]:
    """Every stack of both sides: head's in its order, then those that only base has.

    `source` returns the text of head's Python files, for the names in advised lines.
    """
    names = [*head.stacks, *(name for name in base.stacks if name not in head.stacks)]
    return [_stack(name, base.stacks.get(name), head.stacks.get(name), source) for name in names]


def _stack(name: str, before: StackSnapshot | None, after: StackSnapshot | None, source: Source) -> StackComparison:
    empty = StackSnapshot(name, "", {}, {}, {}, (), {}, (), {})
    old, new = before or empty, after or empty
    renamed = renames.find(old, new)
    current = {rename.before.address: rename.after.address for rename in renamed}
    based = {
        now: replace(resource, address=now, body=renames.follow(resource.body, current))
        for address, resource in old.resources.items()
        for now in [current.get(address, address)]
    }
    return StackComparison(
        name=name,
        before=before,
        after=after,
        base_resources=based,
        changes=tuple(_changes(name, old, new, renamed, based)),
        rename_causes=tuple(rename_causes.find(renamed, [item.path for item in new.resources.values()], source)),
        outputs=_outputs(renames.follow(old.outputs, current), new.outputs),
        settings=(
            *compare_values(old.settings, new.settings),
            *_moved(old, new, renamed),
            *assets.unreferenced(old, new),
        ),
    )


def _changes(
    stack: str,
    old: StackSnapshot,
    new: StackSnapshot,
    all_renames: Sequence[renames.Rename],
    based: Mapping[str, Resource],
) -> Iterator[Change]:
    renamed = {rename.after.address: rename for rename in all_renames}
    for address, after in new.resources.items():
        before = based.get(address)
        if before is None:
            yield Change(stack, Kind.ADDED, None, after, tuple(all_attributes(after.body, added=True)))
            continue
        attributes = tuple(compare_values(before.body, after.body, type_=after.type))
        attributes += assets.contents(attributes, old, new)
        attributes += charts.differences(old.releases.get(before.address), new.releases.get(address))
        if rename := renamed.get(address):
            before = replace(before, address=rename.before.address)
            yield Change(stack, Kind.RENAMED, before, after, attributes, rename.moved)
        elif attributes:
            yield Change(stack, Kind.CHANGED, before, after, attributes)
    for address, before in based.items():
        if address not in new.resources:
            kind = Kind.REMOVED if new.removed.get(address, True) else Kind.FORGOTTEN
            yield Change(stack, kind, before, None, tuple(all_attributes(before.body, added=False)))


def _moved(old: StackSnapshot, new: StackSnapshot, all_renames: Sequence[renames.Rename]) -> Iterator[AttributeChange]:
    """Added and removed `moved` blocks, except those that belong to a rename already in the report."""
    reported = {(rename.before.address, rename.after.address) for rename in all_renames if rename.moved}
    for removed in sorted(set(old.moved) - set(new.moved)):
        yield AttributeChange(path="moved", before=text(" → ".join(removed)), after=None)
    for added in sorted(set(new.moved) - set(old.moved) - reported):
        yield AttributeChange(path="moved", before=None, after=text(" → ".join(added)))


def _common(origins: Sequence[tuple[Line, ...]]) -> tuple[Line, ...]:
    """The callers that all origins end with."""
    levels = zip(*(reversed(origin) for origin in origins), strict=False)
    shared = [level[0] for level in takewhile(lambda level: len(set(level)) == 1, levels)]
    return tuple(reversed(shared))


def _outputs(before: Mapping[str, Value], after: Mapping[str, Value]) -> tuple[AttributeChange, ...]:
    """The changes of outputs: a change of the value has the output's name as its path, others `name.sensitive`."""
    changes: list[AttributeChange] = []
    for change in compare_values(before, after):
        name, _, key = change.path.partition(".")
        changes.append(change.model_copy(update={"path": name}) if key == "value" else change)
    return tuple(changes)
