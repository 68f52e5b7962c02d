"""Moves the plans of a run into the store, and from there to a machine that shows them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from groundwork.errors import UsageError
from groundwork.plan import archive
from groundwork.plan.bundle import Bundle, Index, Stored
from groundwork.store.audit import Decision
from groundwork.store.plan_store import MAIN, PULL_REQUEST, PlanStore


@dataclass(frozen=True)
class _Local:
    path: Path
    bundle: Bundle


def push(store: PlanStore, index: Index, *, pull_request: int | None, who: str, clock: Callable[[], datetime]) -> Index:
    """Store every bundle of an index of `gw plan make`, and return the index that the apply job needs.

    What main planned is recorded as a decision; a pull request's role may not do that, and nobody applies its plans.
    Killed anywhere, pushing again stores everything again. Raises UsageError where a bundle is not on this
    machine or is not of the index's run.
    """
    local = [_local(index, stored) for stored in index.bundles]
    prefix = MAIN if pull_request is None else f"{PULL_REQUEST}/{pull_request}"
    stored = tuple(store.push(bundle, prefix=prefix) for bundle in local)
    if pull_request is None and stored:
        store.record(Decision.about(index, stored, kind="planned", who=who, at=clock()))
    return index.model_copy(update={"bundles": stored})


def pull(store: PlanStore, index: Index, folder: Path) -> list[Path]:
    """Fetch every bundle of a pushed index into `folder` as <stack>.tar.gz; all are verified before any is written.

    Raises Refused with `bundle-missing` or `bundle-tampered`.
    """
    bodies = {stored.stack: store.fetch(stored, index=index) for stored in index.bundles}
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for stack, body in bodies.items():
        path = folder / f"{stack}.tar.gz"
        path.write_bytes(body)
        paths.append(path)
    return paths


def _local(index: Index, stored: Stored) -> _Local:
    path = Path(stored.location)
    if not path.is_file():
        raise UsageError(f"the bundle of {stored.stack} is not at {path}", fix="gw plan make")
    body = path.read_bytes()
    bundle = archive.about(body)
    of_run = (bundle.environment, bundle.commit, bundle.run_id, bundle.run_attempt)
    expected = (index.environment, index.commit, index.run_id, index.run_attempt)
    if hashlib.sha256(body).hexdigest() != stored.digest or bundle.stack != stored.stack or of_run != expected:
        raise UsageError(f"{path} is not the bundle of {stored.stack} that the index names", fix="gw plan make")
    return _Local(path, bundle)
