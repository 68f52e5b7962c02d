"""Every error the tool raises on purpose, on one page.

GroundworkError                exit  `message` is the problem, `fix` the command that solves it
├── UsageError                   2   a command was called with arguments that cannot work
├── EnvironmentFileError         3   a file in environments/ cannot be read as values
├── ToolMissing                  4   a required program or provider is missing
├── SynthesisError               5   main.py did not synthesise
├── TerraformFailed              6   Terraform or cdktf ended with an error
├── StackBlocked                 7   an upstream stack has to be deployed first
├── CheckFailed                  8   findings of checkov or tflint, or an expired or unused waiver
├── LocalCloudError              9   the embedded AWS does not run, or does not fit the command
├── PackagingError              10   a Lambda function's zip cannot be made from its source and lock
├── StateLocked                 11   somebody is changing the stack, or a run was killed meanwhile
├── ReleaseFailed               12   a Helm release or chart does not render, is not valid, not ready, or not published
├── Refused                     13   the gate or preflight refuses; every reason has a code and a command
├── GitHubError                 14   GitHub's API does not answer, or answers against its documentation
└── Interrupted                130   Ctrl-C or SIGTERM; nothing is left running

Below `groundwork.cli` nothing prints or exits: it raises one of these, and the command line prints it and exits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol


class GroundworkError(Exception):
    """Base of all: `message` is the problem, `fix` what to type or change next (may be empty)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message}\n  fix: {self.fix}" if self.fix else self.message


class UsageError(GroundworkError):
    """A command was called with arguments that cannot work: an unknown stack, options that exclude each other."""

    exit_code = 2


class EnvironmentFileError(GroundworkError):
    """A file in environments/ cannot be read as values. Lists every problem of the file."""

    exit_code = 3


class ToolMissing(GroundworkError):
    """A required program or Terraform provider is not on this machine."""

    exit_code = 4


class SynthesisError(GroundworkError):
    """main.py raised while it built the stacks."""

    exit_code = 5


class TerraformFailed(GroundworkError):
    """Terraform or cdktf ended with an error; the message carries its last lines."""

    exit_code = 6


class StackBlocked(GroundworkError):
    """A stack reads outputs of one that has no state yet."""

    exit_code = 7


class CheckFailed(GroundworkError):
    """checkov or tflint reports findings without a waiver, or a waiver has expired or is unused."""

    exit_code = 8


class LocalCloudError(GroundworkError):
    """The embedded AWS is not running, cannot start, or contains what the command does not expect."""

    exit_code = 9


class PackagingError(GroundworkError):
    """A Lambda zip or an image cannot be made: a folder, a lock, a wheel or the engine is wrong."""

    exit_code = 10


class StateLocked(GroundworkError):
    """The state of a stack is locked; the message names who holds it, the fix releases it."""

    exit_code = 11


class ReleaseFailed(GroundworkError):
    """A Helm release does not render, breaks a Kubernetes schema or did not become ready; a chart is not published."""

    exit_code = 12


class Reason(Protocol):
    """A reason to refuse: what `groundwork.refusals.Refusal` implements. Its text has all of the fields."""

    @property
    def code(self) -> str:
        """Name of the reason, and of its section in docs/runbooks/refusals.md."""

    @property
    def sentence(self) -> str:
        """What is wrong, without secrets."""

    @property
    def command(self) -> str:
        """What resolves it."""

    @property
    def stack(self) -> str:
        """The stack's name; empty where the reason concerns the whole run."""


class Refused(GroundworkError):
    """The gate or preflight refuses. `refusals` are all the reasons."""

    exit_code = 13

    def __init__(self, refusals: Sequence[Reason]) -> None:
        super().__init__("\n".join(str(refusal) for refusal in refusals))
        self.refusals = tuple(refusals)


class GitHubError(GroundworkError):
    """GitHub's API does not answer, refuses, or answers against its documentation; that is never an approval."""

    exit_code = 14


class Interrupted(GroundworkError):
    """Ctrl-C or SIGTERM arrived; everything this process started has ended."""

    exit_code = 130
