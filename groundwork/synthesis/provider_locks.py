"""Puts the committed provider lock of each synthesised stack where Terraform looks for it.

With it cdktf-cli skips its own `terraform providers lock`, which asks the registry even where a mirror is configured.
"""

from __future__ import annotations

from pathlib import Path

from groundwork.synthesis import lock_file
from groundwork.synthesis.lock_file import LockFileError, Provider
from groundwork.synthesis.manifest import Manifest, Stack

SUFFIX = ".terraform.lock.hcl"
PLACED = ".terraform.lock.hcl"


def place(out: Path, locks: Path) -> dict[str, Path]:
    """Copies a committed lock into every stack folder below `out`/stacks; returns stack name → committed file.

    It is the smallest of `locks`/*.terraform.lock.hcl that holds every provider of the stack at its version. Raises
    LockFileError, naming stack and providers, where no file does. Stacks without providers need no lock. A file that
    is already right is not written again.
    """
    available = {path: lock_file.read(path) for path in sorted(locks.glob(f"*{SUFFIX}"))}
    placed = {}
    for stack in Manifest.read(out).stacks:
        needed = required(stack)
        if not needed:
            continue
        covering = [path for path, held in available.items() if needed <= held.keys()]
        if not covering:
            listed = ", ".join(sorted(map(str, needed - _known(available))) or sorted(map(str, needed)))
            raise LockFileError(
                f"stack {stack.name} needs a provider lock that is not committed in {locks}: {listed}",
                fix="gw lock, then commit the file it writes",
            )
        chosen = min(covering, key=lambda path: (len(available[path]), path.name))
        _write(chosen.read_bytes(), stack.folder / PLACED)
        placed[stack.name] = chosen
    return placed


def required(stack: Stack) -> frozenset[Provider]:
    """The providers of one stack, at the exact version its `required_providers` names."""
    terraform = stack.terraform.get("terraform")
    declared = terraform.get("required_providers", {}) if isinstance(terraform, dict) else {}
    return frozenset(
        Provider(lock_file.full_address(entry.get("source", name)), entry.get("version", "").removeprefix("=").strip())
        for name, entry in declared.items()
    )


def _known(available: dict[Path, dict[Provider, frozenset[str]]]) -> frozenset[Provider]:
    return frozenset(provider for held in available.values() for provider in held)


def _write(content: bytes, target: Path) -> None:
    if not target.is_file() or target.read_bytes() != content:
        target.write_bytes(content)
