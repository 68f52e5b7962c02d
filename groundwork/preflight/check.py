"""May this synthesised Terraform be planned with credentials? Every reason why not, of every stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from groundwork import selection
from groundwork.errors import UsageError
from groundwork.platform import Environment
from groundwork.preflight import Violation, backends, blocks, document, files, providers, secrets
from groundwork.preflight.document import Ambiguous
from groundwork.refusals import Code, Refusal
from groundwork.synthesis import lock_file
from groundwork.synthesis.manifest import Manifest, Stack

_RUNBOOK = "see docs/runbooks/refusals.md; then `gw synth` and `gw preflight`"


@dataclass(frozen=True)
class Rules:
    """What main allows: its environments, and its committed provider locks (a folder)."""

    environments: Mapping[str, Environment]
    locks: Path

    @property
    def lock_contents(self) -> frozenset[bytes]:
        """Contents of the committed lock files."""
        return frozenset(path.read_bytes() for path in self._lock_files)

    @property
    def locked_providers(self) -> frozenset[lock_file.Provider]:
        """Every provider and version in the committed lock files."""
        return frozenset(provider for path in self._lock_files for provider in lock_file.read(path))

    @property
    def _lock_files(self) -> list[Path]:
        return sorted(self.locks.glob("*.terraform.lock.hcl"))


def check(out: Path, rules: Rules, *, stacks: Sequence[str] | None = None) -> list[Refusal]:
    """Every reason why the synthesised stacks in `out` may not be planned with credentials; empty means that they may.

    `stacks` selects some of them by name, None all. Raises SynthesisError where `out` holds no synthesis.
    """
    locked, contents = rules.locked_providers, rules.lock_contents
    return [
        Refusal(violation.code, violation.sentence, _RUNBOOK, stack.name)
        for stack in Manifest.read(out).stacks
        if stacks is None or stack.name in stacks
        for violation in dict.fromkeys(_check_stack(out, stack, rules, locked, contents))  # each reported once
    ]


def leaks(out: Path, planted: Mapping[str, str]) -> list[Refusal]:
    """Every place in `out` that holds a canary of the environment that it was synthesised with."""
    fix = "read it from Secrets Manager at run time instead; then `gw preflight --canaries`"
    return [Refusal(code, sentence, fix) for code, sentence in secrets.check_canaries(out, planted)]


def _check_stack(
    out: Path, stack: Stack, rules: Rules, locked: frozenset[lock_file.Provider], contents: frozenset[bytes]
) -> Iterator[Violation]:
    if not stack.folder.resolve().is_relative_to(out.resolve()):
        yield Violation(Code.FILE_OUTSIDE_STACK, "its folder lies outside the synthesised output")
        return
    try:
        environment = rules.environments[selection.environment_of(stack.name, rules.environments)]
    except UsageError:
        yield Violation(Code.BACKEND_NOT_ALLOWED, "main has no environment of this name: merge its file first")
        return
    yield from files.check_folder(stack.folder, contents)
    yield from secrets.check_patterns(stack.folder)
    try:
        terraform = document.read(stack.file)
        yield from blocks.check(terraform)
        yield from providers.check(terraform, environment, locked)
        yield from backends.check(terraform, stack.name, set(stack.dependencies), environment)
        yield from files.check(terraform)
    except Ambiguous as error:
        yield Violation(Code.BLOCK_NOT_ALLOWED, f"cdk.tf.json is not as synthesis writes it: {error}")
