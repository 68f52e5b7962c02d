"""The description inside a bundle, and the index of a run's bundles, which the plan job hands to the apply job."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Outcome = Literal["no change", "change", "destroy", "replace"]


class Frozen(BaseModel):
    """Base of the documents that are stored: immutable, and without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StateAt(Frozen):
    """The state that a plan was made from; empty lineage and serial 0 where the stack had none."""

    lineage: str
    serial: int

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> StateAt:
        """The lineage and serial of a state in Terraform's JSON, which may be empty."""
        return cls(lineage=str(state.get("lineage", "")), serial=int(state.get("serial", 0)))


def state_of(plan: Path) -> StateAt:
    """The state that a plan file was made from: Terraform compares the same two values before it applies the plan."""
    with zipfile.ZipFile(plan) as archive:
        state = json.loads(archive.read("tfstate"))
    return StateAt(lineage=state["lineage"], serial=state["serial"])


class ToolVersions(Frozen):
    """Versions of the tools that planned; an apply with others is refused. `providers` is source address → version."""

    terraform: str
    cdktf: str
    providers: dict[str, str]


class Counts(Frozen):
    """Resources that a plan touches. As in Terraform, a replacement counts as an add and a destroy."""

    add: int
    change: int
    destroy: int
    imports: int = 0
    forget: int = 0

    def __str__(self) -> str:
        counted = f"{self.add} to add, {self.change} to change, {self.destroy} to destroy"
        counted += f", {self.imports} to import" if self.imports else ""
        return counted + (f", {self.forget} to forget" if self.forget else "")


class Bundle(Frozen):
    """`bundle.json` inside a bundle: what was planned, from which state, with which tools, by whom and when.

    `files` is path (POSIX, relative to the stack's folder) → SHA-256 in hex of every file in the folder as planned:
    synthesised JSON, plan file, lock file, assets. `semantic_digest` is the SHA-256 in hex over the normalised changes
    (groundwork.plan.fingerprint), from which the store makes the keyed fingerprint. `wave` counts from 0;
    `provisional` stacks were planned against planned outputs. `protected_destroys` are addresses of resources that hold
    data and would be destroyed or replaced. `dependencies` are the stacks whose outputs the stack reads. `changes` is
    address → what happens to the resource, in words and without its values.
    """

    format: Literal[1] = 1
    stack: str
    environment: str
    purpose: Literal["apply", "destroy"]
    commit: str
    run_id: str
    run_attempt: int
    planned_by: str
    planned_at: datetime
    outcome: Outcome
    counts: Counts
    state: StateAt
    tools: ToolVersions
    lock_file_sha256: str
    semantic_digest: str
    files: dict[str, str]
    wave: int
    provisional: bool
    protected_destroys: tuple[str, ...]
    dependencies: tuple[str, ...] = ()
    changes: dict[str, str] = {}


class Stored(Frozen):
    """Where one bundle lies and how to verify it; the plan job hands it to the apply job as a job output.

    `digest` is the SHA-256 in hex of the archive's bytes; `mac` the keyed MAC (base64) over `digest`, commit, run and
    stack; `fingerprint` the keyed MAC (base64) over the semantic digest. `location` is `s3://bucket/key` with
    `version_id`, or a path on the laptop with an empty one.
    """

    stack: str
    location: str
    version_id: str
    digest: str
    mac: str
    fingerprint: str
    outcome: Outcome
    wave: int
    provisional: bool


class Waiting(Frozen):
    """A stack that cannot be planned before others are applied; `outputs` are the unknown outputs that it reads."""

    stack: str
    upstream: tuple[str, ...]
    outputs: tuple[str, ...]

    def __str__(self) -> str:
        outputs = f" ({', '.join(self.outputs)} unknown until then)" if self.outputs else ""
        return f"waits for {', '.join(self.upstream)}{outputs}"


class Index(Frozen):
    """All bundles of one run and environment, in deploy order: the file `plans.json`."""

    format: Literal[1] = 1
    environment: str
    commit: str
    run_id: str
    run_attempt: int
    planned_at: datetime
    bundles: tuple[Stored, ...]
    waiting: tuple[Waiting, ...]
