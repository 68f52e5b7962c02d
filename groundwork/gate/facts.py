"""What the gate checks, as values: the run, each bundle, and what is deployed now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from groundwork.plan.bundle import Bundle, Index, StateAt, Stored, ToolVersions

Files = Mapping[str, str]
"""Path (POSIX, relative to a stack's folder) → SHA-256 in hex."""


@dataclass(frozen=True)
class RequiredRule:
    """A rule of the organisation that has to have no finding: its findings in words, and the page with its reason.

    `problem` is why it did not judge; empty where it did.
    """

    name: str
    findings: Sequence[str] = ()
    docs: str = ""
    problem: str = ""


@dataclass(frozen=True)
class RunFacts:
    """The run that wants to apply.

    `wanted` are the stacks that it is to apply, `unplannable` is stack → why Terraform cannot plan it here. `commit` is
    checked out; `on_main` is whether it is main or an ancestor of it (tags may point anywhere). `allow_destroy` holds
    stacks or addresses whose data may be lost: from the option, or from labels `allow-destroy:<stack>`. `rules` are
    those that the environment requires.
    """

    index: Index
    target: Literal["laptop", "aws"]
    commit: str
    on_main: bool
    run_id: str
    run_attempt: int
    wanted: Sequence[str]
    unplannable: Mapping[str, str] = field(default_factory=dict)
    allow_destroy: Collection[str] = frozenset()
    rules: Sequence[RequiredRule] = ()

    @property
    def environment(self) -> str:
        """The environment that is applied to."""
        return self.index.environment

    @property
    def plan_again(self) -> str:
        """The command that makes new plans of the whole environment."""
        return f"gw plan make {self.environment}"


@dataclass(frozen=True)
class StackFacts:
    """One bundle, and what it is compared with.

    `archive_sha256` is of the bytes that were fetched, `files` of the extracted files (without bundle.json).
    `synthesised` are the files of the stack in the checkout's own synthesis (for an orphan those of its last applied
    bundle); None where it has no such stack. `in_code` is whether the checkout has the stack at all. `lock_file_sha256`
    (empty for a stack without providers) and `tools` are the checkout's and this machine's. `state` is read now.
    `applied` is when and by whom this very bundle was applied before, `unsettled` describes an apply without an end;
    both may be empty.
    """

    stored: Stored
    bundle: Bundle
    archive_sha256: str
    files: Files
    synthesised: Files | None
    in_code: bool
    lock_file_sha256: str
    tools: ToolVersions
    state: StateAt
    fingerprint_holds: bool
    """Whether `stored.fingerprint` is the keyed MAC of the bundle's semantic digest."""
    applied: str = ""
    unsettled: str = ""

    @property
    def stack(self) -> str:
        """Its name, as the index has it."""
        return self.stored.stack
