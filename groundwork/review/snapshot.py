"""One side of a review: every stack of a synthesised folder, without construct metadata and secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from groundwork.errors import SynthesisError
from groundwork.review.checkout import ABOUT
from groundwork.review.model import Line
from groundwork.review.redaction import Redactor
from groundwork.review.values import Value, as_list
from groundwork.synthesis import lock_file, origin, resources
from groundwork.synthesis.manifest import WAIVERS, Manifest, Stack
from groundwork.synthesis.provider_locks import PLACED

_NOT_SETTINGS = frozenset({"//", "resource", "data", "output", "moved"})


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
    """One stack. `settings` is its Terraform without resources, data sources, outputs and `moved` blocks."""

    name: str
    environment: str
    resources: Mapping[str, Resource]
    outputs: Mapping[str, Value]
    settings: Mapping[str, Value]
    moved: tuple[tuple[str, str], ...]
    """From and to of every `moved` block."""
    waivers: tuple[Waiver, ...]
    assets: Mapping[str, str]
    """Path below the stack's folder (`zip!member` inside an archive) → SHA-256."""


@dataclass(frozen=True)
class Snapshot:
    """Every stack by name, in deploy order."""

    stacks: Mapping[str, StackSnapshot] = field(default_factory=dict)


def read(*folders: Path, redactor: Redactor) -> list[Snapshot]:
    """The stacks of synthesised folders. A secret of one folder is hidden in all of them.

    Raises SynthesisError where a file is missing or truncated.
    """
    first_pass = [_read(folder, redactor) for folder in folders]
    return [
        Snapshot({name: _hide_again(stack, redactor) for name, stack in snapshot.stacks.items()})
        for snapshot in first_pass
    ]


def _read(folder: Path, redactor: Redactor) -> Snapshot:
    about = _json(folder / ABOUT, {})
    stacks = Manifest.read(folder).stacks
    try:
        environments: list[str] = about.get("environments", [])
        assets = about.get("assets", {})
        return Snapshot(
            {stack.name: _stack(stack, environment_of(stack.name, environments), assets, redactor) for stack in stacks}
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SynthesisError(
            f"{folder} does not hold what cdktf and main.py write ({error!r})", fix="synthesise that commit again"
        ) from error


def _stack(stack: Stack, environment: str, assets: Mapping[str, dict[str, str]], redactor: Redactor) -> StackSnapshot:
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
        waivers=tuple(_waiver(entry, origins) for entry in _json(stack.folder / WAIVERS, [])),
        assets=assets.get(stack.name, {}),
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


def _hide_again(stack: StackSnapshot, redactor: Redactor) -> StackSnapshot:
    hide = redactor.hide_again
    return replace(
        stack,
        resources={address: replace(item, body=hide(item.body)) for address, item in stack.resources.items()},
        outputs=hide(stack.outputs),
        settings=hide(stack.settings),
        waivers=tuple(replace(item, reason=redactor.text(item.reason)) for item in stack.waivers),
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
    matches = (re.fullmatch(r"(.+):(\d+)", text) for text in texts)
    return tuple(dict.fromkeys(Line(file=match[1], line=int(match[2])) for match in matches if match))


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
