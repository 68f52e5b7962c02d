"""The last synthesis: `cdktf.out/manifest.json` as stacks in dependency order."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from groundwork.errors import SynthesisError

FILE = "manifest.json"
WAIVERS = "waivers.json"
"""The file of accepted findings in every stack's folder."""
STACKS = "stacks"
"""The folder of all stacks' folders."""
_SYNTH = "gw synth"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class UnsafeManifestError(SynthesisError):
    """A manifest names a folder other than `stacks/<name>`, or a stack whose name is not a single word."""


@dataclass(frozen=True)
class Stack:
    """A synthesised stack. `dependencies` are the stacks it reads outputs of; `folder` is where Terraform runs."""

    name: str
    dependencies: tuple[str, ...]
    folder: Path

    @property
    def file(self) -> Path:
        """Its Terraform."""
        return self.folder / "cdk.tf.json"

    @cached_property
    def terraform(self) -> Mapping[str, object]:
        """Its Terraform as a value; raises SynthesisError where the file is missing or incomplete."""
        try:
            content: Mapping[str, object] = json.loads(self.file.read_bytes())
        except (OSError, ValueError) as unreadable:
            raise SynthesisError(f"{self.file} cannot be read: {unreadable}", fix=_SYNTH) from unreadable
        return content


@dataclass(frozen=True)
class Manifest:
    """The stacks of one synth, in the order they were built, but each after those it reads."""

    stacks: tuple[Stack, ...]

    @classmethod
    def read(cls, out: Path) -> Manifest:
        """The manifest in `out`; raises SynthesisError where nothing was synthesised or stacks depend on each other.

        Raises UnsafeManifestError where a folder is not the one that follows from the stack's name: a stack would be
        checked in one folder and read in another.
        """
        path = out / FILE
        try:
            entries = json.loads(path.read_bytes())["stacks"]
            stacks = {
                name: Stack(name, tuple(entry["dependencies"]), out / _folder(path, name, entry))
                for name, entry in entries.items()
            }
        except FileNotFoundError as missing:
            raise SynthesisError(f"nothing is synthesised in {out}", fix=_SYNTH) from missing
        except (ValueError, KeyError, TypeError) as broken:
            raise SynthesisError(f"{path} is not a manifest of cdktf ({broken!r})", fix=_SYNTH) from broken
        unknown = {d for stack in stacks.values() for d in stack.dependencies} - stacks.keys()
        if unknown:
            raise SynthesisError(f"{path}: no such stack: {', '.join(sorted(unknown))}", fix=_SYNTH)
        try:
            order = tuple(
                TopologicalSorter({name: stack.dependencies for name, stack in stacks.items()}).static_order()
            )
        except CycleError as cycle:
            raise SynthesisError(f"{path}: stacks depend on each other: {' → '.join(cycle.args[1])}") from cycle
        return cls(_in_order(stacks, order))

    @property
    def dependencies(self) -> dict[str, tuple[str, ...]]:
        """Each stack's direct upstream stacks."""
        return {stack.name: stack.dependencies for stack in self.stacks}

    def stack(self, name: str) -> Stack:
        """A stack by name; raises SynthesisError for an unknown one."""
        for stack in self.stacks:
            if stack.name == name:
                return stack
        raise SynthesisError(f"stack {name} is not synthesised", fix=_SYNTH)

    def providers(self, name: str) -> frozenset[str]:
        """The short names of a stack's providers: {"aws", "helm"}."""
        terraform = self.stack(name).terraform.get("terraform")
        return frozenset(terraform.get("required_providers", {}) if isinstance(terraform, dict) else {})


def _folder(path: Path, name: str, entry: Mapping[str, object]) -> str:
    if not _NAME.fullmatch(name):
        raise UnsafeManifestError(f"{path}: the stack {name!r} needs a name of letters, digits, - and _", fix=_SYNTH)
    folder = f"{STACKS}/{name}"
    expected = {"name": name, "workingDirectory": folder, "synthesizedStackPath": f"{folder}/cdk.tf.json"}
    for key, value in expected.items():
        if entry.get(key, value) != value:
            raise UnsafeManifestError(f"{path}: {key} of {name} is {entry[key]!r} and not {value!r}", fix=_SYNTH)
    return folder


def _in_order(stacks: Mapping[str, Stack], order: tuple[str, ...]) -> tuple[Stack, ...]:
    """Stacks as they were built, each moved after its upstream stacks where needed."""
    placed: dict[str, Stack] = {}

    def visit(name: str) -> None:
        if name not in placed:
            for upstream in sorted(stacks[name].dependencies, key=order.index):
                visit(upstream)
            placed[name] = stacks[name]

    for name in stacks:
        visit(name)
    return tuple(placed.values())
