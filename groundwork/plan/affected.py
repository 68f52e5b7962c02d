"""Which stacks a change affects: those whose Terraform or files differ from a base, and all that read them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from groundwork.synthesis.manifest import Manifest, Stack
from groundwork.synthesis.provider_locks import PLACED


def affected(base: Manifest, head: Manifest) -> frozenset[str]:
    """Names of the stacks in `head` that must be planned: changed and new ones, and everything downstream of them.

    Construct paths do not count: a line of Python that moves without changing the Terraform affects nothing.
    """
    before = {stack.name: synth_digest(stack) for stack in base.stacks}
    changed = {stack.name for stack in head.stacks if before.get(stack.name) != synth_digest(stack)}
    return frozenset(downstream(changed, head))


def downstream(stacks: Iterable[str], manifest: Manifest) -> set[str]:
    """These stacks and all that read them, directly or through others. The manifest is in dependency order."""
    reached = set(stacks)
    for stack in manifest.stacks:
        if reached & set(stack.dependencies):
            reached.add(stack.name)
    return reached


def synth_digest(stack: Stack) -> str:
    """SHA-256 in hex over a stack's Terraform, which names assets by hashes of their content, and its provider lock."""
    digest = hashlib.sha256(json.dumps(_without_metadata(stack.terraform), sort_keys=True).encode())
    lock = stack.folder / PLACED
    digest.update(lock.read_bytes() if lock.is_file() else b"")
    return digest.hexdigest()


def _without_metadata(value: Any) -> Any:
    """Without cdktf's metadata: the place of a resource in the Python does not change it."""
    if isinstance(value, dict):
        return {key: _without_metadata(below) for key, below in value.items() if key != "//"}
    if isinstance(value, list):
        return [_without_metadata(below) for below in value]
    return value
