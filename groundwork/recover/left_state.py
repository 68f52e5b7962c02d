"""`errored.tfstate`: a state that an apply could not store, and how to store it after all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from groundwork.errors import UsageError
from groundwork.plan.bundle import StateAt
from groundwork.recover.steps import State, instances
from groundwork.terraform.terraform import ERRORED, Terraform


@dataclass(frozen=True)
class LeftState:
    """Such a file. `only_here` are resources that the stored state lacks; `problem` is why it must not be stored.

    `content` may hold secrets.
    """

    path: Path
    at: StateAt
    only_here: tuple[str, ...]
    problem: str
    content: State = field(default_factory=dict, repr=False)


def find(folders: Iterable[Path], stored: State) -> LeftState | None:
    """The file in the first of these folders that has it; None where it does not exist."""
    for folder in folders:
        path = folder / ERRORED
        if path.is_file():
            return _read(path, stored)
    return None


def push(left: LeftState, terraform: Terraform) -> None:
    """Store it over the current state and delete the file.

    `terraform` runs in a folder with the stack's backend. Raises UsageError where lineage or serial do not fit,
    StateLocked and TerraformFailed as Terraform does; then the file stays.
    """
    if left.problem:
        raise UsageError(f"{left.path} is not stored: {left.problem}", fix="compare both: gw state versions STACK")
    terraform.init("-reconfigure")
    terraform.push(left.path)
    now = json.loads(terraform.pull())
    # Resources are compared: where there was no state before, Terraform gives this one a new lineage.
    if instances(now).keys() != instances(left.content).keys():
        raise UsageError(f"the stored state is not that of {left.path} after the push", fix="compare both")
    left.path.unlink()


def _read(path: Path, stored: State) -> LeftState:
    try:
        content: Mapping[str, Any] = json.loads(path.read_bytes())
        at = StateAt(lineage=str(content["lineage"]), serial=int(content["serial"]))
    except (ValueError, KeyError, TypeError):
        return LeftState(path, StateAt.of({}), (), "it is not a complete state")
    only_here = tuple(sorted(instances(content).keys() - instances(stored).keys()))
    return LeftState(path, at, only_here, _problem(at, stored), content)


def _problem(at: StateAt, stored: State) -> str:
    now = StateAt.of(stored)
    if now.lineage and now.lineage != at.lineage:
        return "it is of another lineage than the stored state"
    if now.serial >= at.serial:
        return f"the stored state is at serial {now.serial}, this one at {at.serial}: something was stored since"
    return ""
