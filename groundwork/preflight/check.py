"""May this synthesised Terraform be planned with credentials? Every reason why not, of every stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from groundwork import selection
from groundwork.errors import UsageError
from groundwork.platform import Environment
from groundwork.preflight import Violation, backends, blocks, document, expressions, files, providers, secrets
from groundwork.preflight.document import Ambiguous
from groundwork.refusals import Code, Refusal
from groundwork.synthesis import lock_file
from groundwork.synthesis.manifest import STACKS, Manifest, Stack, UnsafeManifestError
from groundwork.synthesis.provider_locks import PLACED, SUFFIX

_RUNBOOK = "see docs/runbooks/refusals.md; then `gw synth` and `gw preflight`"


@dataclass(frozen=True)
class Rules:
    """What main allows: its environments, and its committed provider locks (a folder)."""

    environments: Mapping[str, Environment]
    locks: Path

    @cached_property
    def lock_files(self) -> dict[bytes, frozenset[lock_file.Provider]]:
        """The content of every committed lock file, with the providers and versions in it."""
        paths = sorted(self.locks.glob(f"*{SUFFIX}"))
        return {path.read_bytes(): frozenset(lock_file.read(path)) for path in paths}

    @cached_property
    def locked(self) -> frozenset[lock_file.Provider]:
        """Every provider and version in the committed lock files."""
        return frozenset().union(*self.lock_files.values())


def check(out: Path, rules: Rules, *, stacks: Sequence[str] | None = None) -> list[Refusal]:
    """Every reason why the synthesised stacks in `out` may not be planned with credentials; empty means that they may.

    `stacks` selects some of them by name, None all. Raises SynthesisError where `out` holds no synthesis.
    """
    try:
        manifest = Manifest.read(out)
    except UnsafeManifestError as unsafe:
        return [Refusal(Code.FILE_OUTSIDE_STACK, unsafe.message, _RUNBOOK)]
    refusals = [
        Refusal(violation.code, violation.sentence, _RUNBOOK, stack.name)
        for stack in manifest.stacks
        if stacks is None or stack.name in stacks
        for violation in dict.fromkeys(_check_stack(stack, rules))  # each reported once
    ]
    return refusals + ([] if stacks else _unknown_folders(out, manifest))


def leaks(out: Path, planted: Mapping[str, str]) -> list[Refusal]:
    """Every place in `out` that holds a canary of the environment that it was synthesised with."""
    fix = "read it from Secrets Manager at run time instead; then `gw preflight --canaries`"
    return [Refusal(code, sentence, fix) for code, sentence in secrets.check_canaries(out, planted)]


def _unknown_folders(out: Path, manifest: Manifest) -> list[Refusal]:
    known = {stack.name for stack in manifest.stacks}
    fix = "delete cdktf.out, then `gw synth` and `gw preflight`"
    return [
        Refusal(Code.FILE_NOT_ALLOWED, f"{STACKS}/{path.name} is not a stack of the manifest", fix)
        for path in sorted((out / STACKS).glob("*"))
        if path.name not in known
    ]


def _check_stack(stack: Stack, rules: Rules) -> Iterator[Violation]:
    try:
        environment = rules.environments[selection.environment_of(stack.name, rules.environments)]
    except UsageError:
        yield Violation(Code.BACKEND_NOT_ALLOWED, "main has no environment of this name: merge its file first")
        return
    if not stack.folder.is_dir() or stack.folder.is_symlink() or stack.folder.parent.is_symlink():
        yield Violation(Code.FILE_OUTSIDE_STACK, "its folder is missing or a link")
        return
    upstream = frozenset(environment.upstream_of(stack.name))
    for name in sorted({*stack.dependencies} - upstream):
        yield Violation(Code.BACKEND_NOT_ALLOWED, f"main does not let it read {name}: merge that first")
    yield from files.check_folder(stack.folder)
    yield from secrets.check_patterns(stack.folder)
    lock = stack.folder / PLACED
    held = rules.lock_files.get(lock.read_bytes()) if lock.is_file() else frozenset()
    if held is None:
        yield Violation(Code.LOCK_FILE_DIFFERS, "its provider lock is not one that is committed on main")
    try:
        terraform = document.read(stack.file)
        yield from blocks.check(terraform)
        yield from expressions.check(terraform)
        yield from secrets.check_literals(terraform)
        yield from providers.check(
            terraform, environment, locked=rules.locked, lock_file=rules.locked if held is None else held
        )
        yield from backends.check(terraform, stack.name, upstream, environment)
        yield from files.check(terraform, stack.folder, environment.preflight.charts)
    except Ambiguous as error:
        yield Violation(Code.BLOCK_NOT_ALLOWED, f"cdk.tf.json is not as synthesis writes it: {error}")
