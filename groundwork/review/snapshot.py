"""One side of a review: every stack of a synthesised folder, without construct metadata and secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from groundwork.errors import SynthesisError
from groundwork.review import charts as rendering
from groundwork.review.charts import Charts, Rendered
from groundwork.review.checkout import ABOUT, TEXTS
from groundwork.review.model import Line
from groundwork.review.redaction import Redactor
from groundwork.review.values import Value, as_list, value_at
from groundwork.synthesis import lock_file, origin, resources
from groundwork.synthesis.manifest import WAIVERS, Manifest, Stack
from groundwork.synthesis.provider_locks import PLACED

_ENTRY = "main.py"
_NOT_SETTINGS = frozenset({"//", "resource", "data", "output", "moved", "removed"})


@dataclass(frozen=True)
class Resource:
    """A resource or data source. `path`: of its construct, below the stack. `origin`: the Python that creates it."""

    address: str
    type: str
    name: str
    body: Mapping[str, Value]
    path: str
    origin: tuple[Line, ...]

    @property
    def is_data(self) -> bool:
        """Whether it only reads."""
        return self.address.startswith("data.")


@dataclass(frozen=True)
class Waiver:
    """A finding of checkov or tflint that is accepted beside the code."""

    address: str
    check: str
    reason: str
    expires: str
    line: Line | None


@dataclass(frozen=True)
class StackSnapshot:
    """One stack. `settings` is its Terraform without resources, data sources, outputs, `moved` and `removed` blocks."""

    name: str
    environment: str
    resources: Mapping[str, Resource]
    outputs: Mapping[str, Value]
    settings: Mapping[str, Value]
    moved: tuple[tuple[str, str], ...]
    """From and to of every `moved` block."""
    removed: Mapping[str, bool]
    """Address of every `removed` block → whether it destroys, which it does by default."""
    waivers: tuple[Waiver, ...]
    assets: Mapping[str, str]
    """Path below the stack's folder (`zip!member` inside an archive) → SHA-256."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """`zip!name` of a Python package in an archive → its version and a digest of its files."""
    texts: Mapping[str, Value] = field(default_factory=dict)
    """SHA-256 → content of Python files of assets that differ between the sides."""
    releases: Mapping[str, Rendered] = field(default_factory=dict)
    """Address of every `helm_release` that renders differently on the other side → what differs."""


@dataclass(frozen=True)
class Snapshot:
    """Every stack by name, in deploy order."""

    stacks: Mapping[str, StackSnapshot] = field(default_factory=dict)


def read(*folders: Path, redactor: Redactor, charts: Charts | None = None) -> list[Snapshot]:
    """The stacks of synthesised folders. A secret of one folder is hidden in all of them.

    `charts` renders the Helm releases that differ. Raises SynthesisError where a file is missing or truncated.
    """
    abouts = [_json(folder / ABOUT, {}) for folder in folders]
    first_pass = [_read(folder, about, redactor) for folder, about in zip(folders, abouts, strict=True)]
    rendered = _rendered(folders, first_pass, redactor, charts)
    texts = _texts(folders, first_pass, redactor)
    hidden: dict[int, Mapping[str, Value]] = {}
    return [
        Snapshot(
            {
                name: _hide_again(
                    replace(
                        stack, texts=texts, releases={key[1]: value for key, value in made.items() if key[0] == name}
                    ),
                    redactor,
                    hidden,
                )
                for name, stack in snapshot.stacks.items()
            }
        )
        for snapshot, made in zip(first_pass, rendered, strict=True)
    ]


def of_base(snapshot: Snapshot) -> Snapshot:
    """The snapshot with its origins marked as lines of base, whose numbers mean nothing in head's files."""

    def marked(resource: Resource) -> Resource:
        return replace(resource, origin=tuple(line.model_copy(update={"now": 0}) for line in resource.origin))

    return Snapshot(
        {
            name: replace(stack, resources={address: marked(item) for address, item in stack.resources.items()})
            for name, stack in snapshot.stacks.items()
        }
    )


def _read(folder: Path, about: Mapping[str, Any], redactor: Redactor) -> Snapshot:
    stacks = Manifest.read(folder).stacks
    try:
        environments: list[str] = about.get("environments", [])
        return Snapshot(
            {stack.name: _stack(stack, environment_of(stack.name, environments), about, redactor) for stack in stacks}
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SynthesisError(
            f"{folder} does not hold what cdktf and main.py write ({error!r})", fix="synthesise that commit again"
        ) from error


def _rendered(
    folders: Sequence[Path], snapshots: Sequence[Snapshot], redactor: Redactor, charts: Charts | None
) -> list[dict[tuple[str, str], Rendered]]:
    """The releases that render differently, their objects without secrets."""
    sides = [
        (
            [
                release
                for stack in Manifest.read(folder).stacks
                for release in rendering.releases(stack, snapshot.stacks[stack.name].assets)
            ],
            folder / TEXTS,
        )
        for folder, snapshot in zip(folders, snapshots, strict=True)
    ]
    return [
        {
            key: replace(made, objects={name: redactor.kubernetes(item) for name, item in made.objects.items()})
            for key, made in side.items()
        }
        for side in rendering.compared(sides, charts)
    ]


def _texts(folders: Sequence[Path], snapshots: Sequence[Snapshot], redactor: Redactor) -> dict[str, Value]:
    """The Python in archives that is not in the same stack of every side, by its digest."""
    sides = [
        {
            (stack.name, digest)
            for stack in snapshot.stacks.values()
            for path, digest in stack.assets.items()
            if path.endswith(".py")
        }
        for snapshot in snapshots
    ]
    files = {
        digest: folder / TEXTS / digest
        for folder, side in zip(folders, sides, strict=True)
        for _, digest in side - sides[0].intersection(*sides)
    }
    texts = {
        digest: redactor.python(path.read_text(encoding="utf-8", errors="replace"))
        for digest, path in files.items()
        if path.is_file()
    }
    return {digest: redactor.hide_again(text) for digest, text in texts.items()}


def _stack(stack: Stack, environment: str, about: Mapping[str, Any], redactor: Redactor) -> StackSnapshot:
    terraform = _terraform(stack)
    origins = _json(stack.folder / origin.FILE, {})
    by_address = {}
    for entry in resources.of_stack(stack):
        kind = f"data.{entry.type}" if entry.is_data else entry.type
        by_address[entry.address] = Resource(
            address=entry.address,
            type=entry.type,
            name=entry.name,
            body=redactor.resource(kind, {key: value for key, value in entry.body.items() if key != "//"}),
            path=entry.path.partition("/")[2],
            origin=_lines(origins.get(entry.address, {}).get("lines", ())),
        )
    return StackSnapshot(
        name=stack.name,
        environment=environment,
        resources=by_address,
        outputs={name: _declared(name, body, redactor) for name, body in terraform.get("output", {}).items()},
        settings=_settings(terraform, stack.folder / PLACED, redactor),
        moved=tuple(
            (entry["from"], entry["to"]) for entry in as_list(terraform.get("moved")) if {"from", "to"} <= entry.keys()
        ),
        removed={
            str(entry["from"]): value_at(entry, "lifecycle", "destroy") not in (False, "false")
            for entry in as_list(terraform.get("removed"))
            if "from" in entry
        },
        waivers=tuple(_waiver(entry, origins) for entry in _json(stack.folder / WAIVERS, [])),
        assets=about.get("assets", {}).get(stack.name, {}),
        packages=about.get("packages", {}).get(stack.name, {}),
    )


def _terraform(stack: Stack) -> Mapping[str, Any]:
    """The Terraform of a stack. Raises TypeError or ValueError where it is not written as cdktf writes it.

    Terraform also accepts arrays of blocks and repeated names in an object, of which the review would see only a part.
    """
    terraform = stack.terraform
    json.loads(stack.file.read_bytes(), object_pairs_hook=_unique_names)
    for section in ("resource", "data", "output"):
        if not isinstance(terraform.get(section, {}), dict):
            raise TypeError(f"{section} is not an object")
    return terraform


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError(f"{[key for key, _ in pairs]} contains a name twice")
    return entries


def _settings(terraform: Mapping[str, Any], lock: Path, redactor: Redactor) -> dict[str, Value]:
    settings: dict[str, Value] = {}
    for section, body in terraform.items():
        if section in _NOT_SETTINGS:
            continue
        if section == "provider":
            settings[section] = {
                name: [redactor.resource(f"provider.{name}", entry) for entry in as_list(entries)]
                for name, entries in body.items()
            }
        elif section == "variable":
            settings[section] = {name: _declared(name, entry, redactor) for name, entry in body.items()}
        else:
            settings[section] = redactor.value(_without_metadata(body), name=section)
    if lock.is_file():
        settings["lock"] = {provider.address: provider.version for provider in lock_file.read(lock)}
    return settings


def _declared(name: str, body: Mapping[str, Any], redactor: Redactor) -> dict[str, Value]:
    """An output or a variable: hidden as a whole where it is marked sensitive, otherwise by its name."""
    hide = redactor.all_of if body.get("sensitive") else lambda value: redactor.value(value, name=name)
    return {key: hide(value) if key in {"value", "default"} else value for key, value in body.items() if key != "//"}


def _hide_again(stack: StackSnapshot, redactor: Redactor, hidden: dict[int, Mapping[str, Value]]) -> StackSnapshot:
    """The second pass over a stack; `hidden` are the bodies that went through it, by the id of what they were."""
    hide = redactor.hide_again
    for item in stack.resources.values():
        if id(item.body) not in hidden:
            hidden[id(item.body)] = hide(item.body)
    return replace(
        stack,
        resources={address: replace(item, body=hidden[id(item.body)]) for address, item in stack.resources.items()},
        outputs=hide(stack.outputs),
        settings=hide(stack.settings),
        waivers=tuple(replace(item, reason=redactor.text(item.reason)) for item in stack.waivers),
        releases={
            address: replace(made, objects=hide(made.objects), problem=redactor.text(made.problem))
            for address, made in stack.releases.items()
        },
    )


def environment_of(stack: str, environments: Iterable[str]) -> str:
    """The environment of a stack `<environment>-<name>`; its first word where no environment matches."""
    matching = [name for name in environments if stack.startswith(f"{name}-")]
    return max(matching, key=len) if matching else stack.partition("-")[0]


def _waiver(entry: Mapping[str, str], origins: Mapping[str, Any]) -> Waiver:
    """A waiver of waivers.json, which has only a file's name; the path comes from the resource's origins."""
    file, _, line = entry["source"].rpartition(":")
    lines = _lines(origins.get(entry["address"], {}).get("lines", ()))
    path = next(
        (candidate.file for candidate in lines if candidate.file == file or candidate.file.endswith(f"/{file}")), file
    )
    return Waiver(
        entry["address"], entry["check"], entry["reason"], entry["expires"], Line(file=path, line=int(line or 0))
    )


def _lines(texts: Any) -> tuple[Line, ...]:
    """The lines of a resource's origin. Those of main.py, through which every stack comes, say nothing about it."""
    lines = tuple(dict.fromkeys(line for text in texts if (line := _line(text))))
    return tuple(line for line in lines if line.file != _ENTRY) or lines


@lru_cache(maxsize=20_000)
def _line(text: str) -> Line | None:
    """A line of an origin; thousands of resources share their callers."""
    match = re.fullmatch(r"(.+):(\d+)", text)
    return Line(file=match[1], line=int(match[2])) if match else None


def _without_metadata(body: Any) -> Any:
    if isinstance(body, Mapping):
        return {key: _without_metadata(value) for key, value in body.items() if key != "//"}
    if isinstance(body, list):
        return [_without_metadata(item) for item in body]
    return body


def _json(path: Path, default: Any) -> Any:
    if not path.is_file():
        return default
    try:
        return json.loads(path.read_bytes())
    except ValueError as broken:
        raise SynthesisError(
            f"{path} cannot be read: {broken}", fix="remove .groundwork/review and try again"
        ) from broken
