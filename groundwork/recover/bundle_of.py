"""Finds the bundle that an apply began with: the journal names its digest and its run."""

from __future__ import annotations

from groundwork.plan import digest
from groundwork.store.journal import Began
from groundwork.store.plan_store import MAIN, PlanStore


def find(store: PlanStore, began: Began) -> bytes | None:
    """Its bytes, known by the digest that was written down before the apply; None where the store has it no longer."""
    prefix = f"{MAIN}/{began.run_id}-{began.run_attempt}/{began.stack}/"
    for key in store.objects.keys(prefix):
        body = store.objects.newest(key)
        if digest.of_bytes(body) == began.digest:
            return body
    return None
