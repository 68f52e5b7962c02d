"""Which stacks a change can touch: those whose Terraform or files differ from a base, and all that read them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from groundwork.synthesis.manifest import Manifest, Stack
from groundwork.synthesis.provider_locks import PLACED


def affected(base: Manifest, head: Manifest) -> frozenset[str]:
    """Names of the stacks of `head` that must be planned: changed or new ones, and everything downstream of them.

    Where a line of Python moved but Terraform did not, nothing is affected: construct paths do not count.
    """
    before = {stack.name: fingerprint(stack) for stack in base.stacks}
    changed = {stack.name for stack in head.stacks if before.get(stack.name) != fingerprint(stack)}
    return frozenset(downstream(changed, head))


def downstream(stacks: Iterable[str], manifest: Manifest) -> set[str]:
    """These stacks and all that read them, directly or not. The manifest is in dependency order."""
    found = set(stacks)
    for stack in manifest.stacks:
        if found & set(stack.dependencies):
            found.add(stack.name)
    return found


def fingerprint(stack: Stack) -> str:
    """SHA-256 in hex over the Terraform of a stack, which names its assets by hashes of their content, and its lock."""
    digest = hashlib.sha256(json.dumps(_without_notes(stack.terraform), sort_keys=True).encode())
    lock = stack.folder / PLACED
    digest.update(lock.read_bytes() if lock.is_file() else b"")
    return digest.hexdigest()


def _without_notes(value: Any) -> Any:
    """Without cdktf's notes to itself: where in the Python a resource stands does not change it."""
    if isinstance(value, dict):
        return {key: _without_notes(below) for key, below in value.items() if key != "//"}
    if isinstance(value, list):
        return [_without_notes(below) for below in value]
    return value
