"""Moves the plans of a run into the store, and from there to a machine that shows them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from groundwork.errors import UsageError
from groundwork.plan import archive, digest
from groundwork.plan.bundle import Bundle, Index, Stored
from groundwork.store.audit import Decision
from groundwork.store.plan_store import PlanStore


def push(store: PlanStore, index: Index, *, who: str, clock: Callable[[], datetime]) -> Index:
    """Store every bundle of an index of `gw plan make`, and return the index that the apply job needs.

    That they were planned is recorded as a decision. After a kill, pushing again stores everything again. Raises
    UsageError where a bundle is not on this machine or is not of the index's run.
    """
    bundles = [_read_local(index, stored) for stored in index.bundles]
    stored = tuple(store.push(bundle, body) for bundle, body in bundles)
    if stored:
        store.record(Decision.about(index, stored, kind="planned", who=who, at=clock()))
    return index.model_copy(update={"bundles": stored})


def pull(store: PlanStore, index: Index, folder: Path) -> list[Path]:
    """Fetch every bundle of a pushed index into `folder` as <stack>.tar.gz; all are verified before any is written.

    Raises Refused with `bundle-missing` or `bundle-tampered`.
    """
    bodies = {stored.stack: store.fetch(stored, index=index) for stored in index.bundles}
    paths = {stack: folder / f"{stack}.tar.gz" for stack in bodies}
    folder.mkdir(parents=True, exist_ok=True)
    for stack, path in paths.items():
        path.write_bytes(bodies[stack])
    return list(paths.values())


def _read_local(index: Index, stored: Stored) -> tuple[Bundle, bytes]:
    path = Path(stored.location)
    if not path.is_file():
        raise UsageError(f"the bundle of {stored.stack} is not at {path}", fix="gw plan make")
    body = path.read_bytes()
    bundle = archive.describe(body)
    of_run = (bundle.environment, bundle.commit, bundle.run_id, bundle.run_attempt)
    expected = (index.environment, index.commit, index.run_id, index.run_attempt)
    if digest.of_bytes(body) != stored.digest or bundle.stack != stored.stack or of_run != expected:
        raise UsageError(f"{path} is not the bundle of {stored.stack} that the index names", fix="gw plan make")
    return bundle, body
