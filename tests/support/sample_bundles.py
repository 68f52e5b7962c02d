"""Bundles, indexes and decisions like those of a plan job, made without a plan."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from groundwork.plan import archive, digest
from groundwork.plan.bundle import Bundle, Counts, Index, StateAt, Stored, ToolVersions
from groundwork.store.audit import Decision

AT = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)
COMMIT = "c" * 40


class Made(NamedTuple):
    bundle: Bundle
    body: bytes


def bundle(**changes: object) -> Bundle:
    values = {
        "stack": "local-thing",
        "environment": "local",
        "purpose": "apply",
        "commit": COMMIT,
        "run_id": "100",
        "run_attempt": 1,
        "planned_by": "ann",
        "planned_at": AT,
        "outcome": "change",
        "counts": Counts(add=1, change=0, destroy=0),
        "state": StateAt(lineage="", serial=0),
        "tools": ToolVersions(terraform="1.11.4", cdktf="0.21.0", providers={}),
        "lock_file_sha256": "0" * 64,
        "semantic_digest": "1" * 64,
        "files": {},
        "wave": 0,
        "provisional": False,
        "protected_destroys": (),
    }
    return Bundle.model_validate({**values, **changes})


def made(*, body: bytes = b"planned bytes", **changes: object) -> Made:
    return Made(bundle(**changes), body)


def packed(folder: Path, *, files: dict[str, str], **changes: object) -> Made:
    """A bundle with its archive, which holds these files; written below `folder`."""
    stack = folder / "folder"
    for name, text in files.items():
        (stack / name).parent.mkdir(parents=True, exist_ok=True)
        (stack / name).write_text(text)
    about = bundle(files={name: digest.of_file(stack / name) for name in files}, **changes)
    return Made(about, archive.pack(stack, about))


def index(*stored: Stored, **changes: object) -> Index:
    values = {
        "environment": "local",
        "commit": COMMIT,
        "run_id": "100",
        "run_attempt": 1,
        "planned_at": AT,
        "bundles": stored,
        "waiting": (),
    }
    return Index.model_validate({**values, **changes})


def decision(**changes: object) -> Decision:
    values = {
        "kind": "applied",
        "environment": "local",
        "who": "ann",
        "at": AT,
        "commit": COMMIT,
        "run_id": "100",
        "run_attempt": 1,
        "stacks": ("local-thing",),
    }
    return Decision.model_validate({**values, **changes})


def stored(**changes: object) -> Stored:
    values = {
        "stack": "local-thing",
        "location": "/nowhere",
        "version_id": "",
        "digest": "0" * 64,
        "mac": "mac",
        "fingerprint": "fingerprint",
        "outcome": "change",
        "wave": 0,
        "provisional": False,
    }
    return Stored.model_validate({**values, **changes})
