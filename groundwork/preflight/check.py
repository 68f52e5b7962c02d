"""May this synthesised Terraform be planned with credentials? Every reason why not, of every stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from groundwork import selection
from groundwork.errors import UsageError
from groundwork.platform import Environment
from groundwork.preflight import backends, blocks, document, files, providers, secrets
from groundwork.preflight.document import Ambiguous
from groundwork.preflight.found import Found
from groundwork.refusals import Code, Refusal
from groundwork.synthesis import lock_file
from groundwork.synthesis.manifest import Manifest, Stack

_RUNBOOK = "see docs/runbooks/refusals.md; then `gw synth` and `gw admit`"


@dataclass(frozen=True)
class Rules:
    """What main allows: its environments, and its committed provider locks (a folder)."""

    environments: Mapping[str, Environment]
    locks: Path

    @property
    def lock_contents(self) -> frozenset[bytes]:
        """The lock files as they are committed."""
        return frozenset(path.read_bytes() for path in self.locks.glob("*.terraform.lock.hcl"))

    @property
    def locked(self) -> frozenset[lock_file.Provider]:
        """Every provider and version in them."""
        return frozenset(one for path in self.locks.glob("*.terraform.lock.hcl") for one in lock_file.read(path))


def admit(out: Path, rules: Rules, *, stacks: Sequence[str] | None = None) -> list[Refusal]:
    """Every reason why the synthesised stacks in `out` may not be planned with credentials; empty means that they may.

    `stacks` names some of them; all are meant otherwise. Raises SynthesisError where `out` holds no synthesis.
    """
    found: list[Refusal] = []
    locked, contents = rules.locked, rules.lock_contents
    for stack in Manifest.read(out).stacks:
        if stacks is not None and stack.name not in stacks:
            continue
        seen: set[Found] = set()
        for one in _stack(out, stack, rules, locked, contents):
            if one not in seen:
                seen.add(one)
                found.append(Refusal(one.code, one.sentence, _RUNBOOK, stack.name))
    return found


def leaks(out: Path, planted: Mapping[str, str]) -> list[Refusal]:
    """Every place in `out` that carries a canary of the environment that it was synthesised with."""
    return [
        Refusal(one.code, one.sentence, "read it from Secrets Manager at run time instead; then `gw admit --canaries`")
        for one in secrets.check_canaries(out, planted)
    ]


def _stack(
    out: Path, stack: Stack, rules: Rules, locked: frozenset[lock_file.Provider], contents: frozenset[bytes]
) -> Iterator[Found]:
    if not stack.folder.resolve().is_relative_to(out.resolve()):
        yield Found(Code.FILE_OUTSIDE_STACK, "its folder lies outside the synthesised output")
        return
    try:
        environment = rules.environments[selection.environment_of(stack.name, rules.environments)]
    except UsageError:
        yield Found(Code.BACKEND_NOT_ALLOWED, "main has no environment of this name: merge its file first")
        return
    yield from files.check_folder(stack.folder, contents)
    yield from secrets.check_looks(stack.folder)
    try:
        terraform = document.read(stack.file)
        yield from blocks.check(terraform)
        yield from providers.check(terraform, environment, locked)
        yield from backends.check(terraform, stack.name, set(stack.dependencies), environment)
        yield from files.check(terraform)
    except Ambiguous as why:
        yield Found(Code.BLOCK_NOT_ALLOWED, f"cdk.tf.json is not as synthesis writes it: {why}")
