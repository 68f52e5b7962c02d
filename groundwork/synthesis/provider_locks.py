"""Puts the committed provider lock of each synthesised stack where Terraform looks for it.

With it cdktf-cli skips its own `terraform providers lock`, which asks the registry even where a mirror serves.
"""

from __future__ import annotations

import json
from pathlib import Path

from groundwork.synthesis import lock_file
from groundwork.synthesis.lock_file import LockFileError, Provider

SUFFIX = ".terraform.lock.hcl"
PLACED = ".terraform.lock.hcl"


def place(out: Path, locks: Path) -> dict[str, Path]:
    """Copies a lock into every stack folder below `out`/stacks and says which: stack name → committed file.

    The one taken is the smallest of `locks`/*.terraform.lock.hcl that holds every provider of the stack at its version.
    Raises LockFileError, naming stack and providers, where none does. Stacks without providers get none. A file that is
    right already is left alone.
    """
    available = {path: lock_file.read(path) for path in sorted(locks.glob(f"*{SUFFIX}"))}
    placed = {}
    for synthesised in sorted(out.glob("stacks/*/cdk.tf.json")):
        stack = synthesised.parent.name
        needed = required(synthesised)
        if not needed:
            continue
        covering = [path for path, held in available.items() if needed <= held.keys()]
        if not covering:
            listed = ", ".join(sorted(map(str, needed - _known(available))) or sorted(map(str, needed)))
            raise LockFileError(
                f"stack {stack} needs a provider lock that is not committed in {locks}: {listed}",
                fix="gw lock, then commit the file it writes",
            )
        chosen = min(covering, key=lambda path: (len(available[path]), path.name))
        _write(chosen.read_bytes(), synthesised.with_name(PLACED))
        placed[stack] = chosen
    return placed


def required(synthesised: Path) -> frozenset[Provider]:
    """The providers of one cdk.tf.json, at the exact version its `required_providers` names."""
    declared = json.loads(synthesised.read_bytes()).get("terraform", {}).get("required_providers", {})
    return frozenset(
        Provider(lock_file.full_address(entry.get("source", name)), entry.get("version", "").removeprefix("=").strip())
        for name, entry in declared.items()
    )


def _known(available: dict[Path, dict[Provider, frozenset[str]]]) -> frozenset[Provider]:
    return frozenset(provider for held in available.values() for provider in held)


def _write(content: bytes, target: Path) -> None:
    if not target.is_file() or target.read_bytes() != content:
        target.write_bytes(content)
