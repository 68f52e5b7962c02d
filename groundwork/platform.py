"""What the tool knows about the platform that it serves.

The platform implements these protocols; `cdktf.json` names the module that holds it as `PLATFORM`:
`"context": {"groundwork": "stacks.platform"}`. The tool imports nothing else from the platform.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from groundwork.errors import UsageError
from groundwork.paths import Project

PipelineRole = Literal["plan-pull-request", "plan", "apply", "release-images", "release-charts"]
Target = Literal["aws", "laptop"]
Guard = Literal["detector", "trail"]
HighestFinding = Literal["none", "low", "medium"]
"""The highest finding of a review with which plans may be applied without approval; a high one always needs it."""

CONTEXT_KEY = "groundwork"
"""Key of cdktf.json's `context` whose value names the platform's module."""


class Reviewers(Protocol):
    """Who may approve a deployment: names of GitHub teams, and logins."""

    @property
    def teams(self) -> Sequence[str]:
        """Teams of the organisation that holds the repository."""

    @property
    def users(self) -> Sequence[str]:
        """Single people."""


@dataclass(frozen=True)
class PlanStoreLocation:
    """Where the plans of an environment lie, and which keys and roles give access.

    `stack` is the stack that creates the place; `deployed_key` the ARN, or alias' ARN, of the KMS key that encrypts
    what was applied; `mac_key` the alias of the HMAC key that vouches for plans; `roles` the ARN of each role of the
    pipeline.
    """

    stack: str
    bucket: str
    deployed_key: str
    mac_key: str
    roles: Mapping[PipelineRole, str]


@dataclass(frozen=True)
class PreflightLimits:
    """The only accounts, regions, roles and settings that the Terraform of a pull request may name.

    `backend` and `provider` map each allowed setting to its only value; a backend's key comes on top.
    """

    accounts: frozenset[str]
    regions: frozenset[str]
    roles: frozenset[str]
    backend: Mapping[str, object]
    provider: Mapping[str, object] = field(default_factory=dict)
    cluster: str = ""
    """Name of the EKS cluster that the Helm provider may sign in to."""
    kubeconfig: str = ""
    """Path of the file that a laptop's Helm provider reads, as the Terraform names it."""
    charts: frozenset[str] = frozenset()
    """Charts of other publishers that releases may name, at an exact version, besides those in the stack's folder."""


@dataclass(frozen=True)
class RunnerGroup:
    """A runner group of the organisation, by number, and the files in .github/workflows whose jobs may use it."""

    number: int
    workflows: tuple[str, ...]


@dataclass(frozen=True)
class GitHubSettings:
    """An environment's GitHub settings. `repository` is owner/name, `subject` what follows `repo:` in OIDC tokens.

    `environments` maps each role to the GitHub environment whose jobs assume it. `apply_from_tags` is the pattern of
    tags that may be applied, `registries` the beginning of the names of images and charts. `runner` is the label of the
    runners that reach the environment, None for GitHub's own machines; one that begins with `codebuild-` names a
    project, and jobs add their run and attempt to it. `runner_group` is the group of runners that the platform makes.
    """

    repository: str | None
    subject: str | None
    reviewers: Reviewers
    environments: Mapping[PipelineRole, str]
    apply_from_tags: str | None
    registries: str
    runner: str | None = None
    runner_group: RunnerGroup | None = None
    auto_apply: HighestFinding | None = None
    """None where every apply needs an approval."""
    auto_environment: str = ""
    """The GitHub environment, without reviewers, of an apply that needs none."""


@dataclass(frozen=True)
class QuotaNeed:
    """How much of one of AWS's quotas an environment needs. `service` and `code` are Service Quotas' names of it."""

    service: str
    code: str
    name: str
    needed: int


class Environment(Protocol):
    """One environment: a page of values, and the names that follow from it."""

    @property
    def name(self) -> str:
        """Name of the environment; every stack is called `<name>-<short name>`."""

    @property
    def target(self) -> Target:
        """`laptop` reaches only the embedded AWS."""

    @property
    def region(self) -> str:
        """AWS region."""

    @property
    def account(self) -> str:
        """Number of the AWS account."""

    @property
    def protect(self) -> bool:
        """Whether resources that hold data are protected from destruction."""

    @property
    def kubernetes_version(self) -> str:
        """Version of the cluster, as `1.33`; empty without a cluster."""

    @property
    def bootstrap_stacks(self) -> Sequence[str]:
        """Stacks that a person applies, in this order; the first creates the bucket for all states. May be empty."""

    @property
    def bootstrap_roles(self) -> Mapping[str, str]:
        """Bootstrap stack of another account → ARN of the role that a person assumes there to make it. May be empty."""

    @property
    def quotas(self) -> Sequence[QuotaNeed]:
        """What its account must be allowed to have. May be empty."""

    @property
    def principals(self) -> Mapping[str, str]:
        """Key in the environment's file → ARN of a principal of its account that somebody else makes. May be empty."""

    @property
    def guards(self) -> Mapping[Guard, str]:
        """Guards of the whole account that the environment makes → key of its file."""

    @property
    def required_rules(self) -> Sequence[str]:
        """Names of the organisation's rules that must have no finding in what is applied. May be empty."""

    @property
    def plan_store(self) -> PlanStoreLocation | None:
        """Where plans lie; None where the environment does not store plans."""

    @property
    def preflight(self) -> PreflightLimits:
        """What a pull request's Terraform may name."""

    @property
    def github(self) -> GitHubSettings | None:
        """Settings that GitHub should have; None where the environment has no repository."""

    def state_key(self, stack: str) -> str:
        """Key of a stack's state in its bucket."""

    def upstream_of(self, stack: str) -> Sequence[str]:
        """The stacks whose outputs a stack may read, by full name."""

    def require_real_accounts(self) -> None:
        """Raise EnvironmentFileError where account numbers are still placeholders."""


class Platform(Protocol):
    """The environments of a checkout, and how its app synthesises some of them."""

    def environments(self, folder: Path) -> Sequence[Environment]:
        """Every environment; raises EnvironmentFileError with every problem of every file in `folder`."""

    def names(self, folder: Path) -> Sequence[str]:
        """The names of the environments, in order, without reading their values."""

    def synth_arguments(self, environments: Sequence[str], folder: Path | None) -> list[str]:
        """Arguments for the app of cdktf.json; no names select all environments, `folder` replaces their folder."""

    @property
    def commands(self) -> Sequence[str]:
        """Modules of the platform's own commands of `gw`; each has `register(app: typer.Typer)`."""


def load(project: Project) -> Platform:
    """The platform of a checkout; raises UsageError where cdktf.json does not name a module that can be imported."""
    path = project.root / "cdktf.json"
    try:
        name = json.loads(path.read_bytes()).get("context", {}).get(CONTEXT_KEY)
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}", fix="correct the file") from error
    if not name:
        raise UsageError(
            f"{path} does not name the platform's module",
            fix=f'add "context": {{"{CONTEXT_KEY}": "package.module"}}; groundwork/platform.py says what it holds',
        )
    if str(project.root) not in sys.path:
        sys.path.append(str(project.root))
    try:
        platform: Platform = importlib.import_module(name).PLATFORM
    except (ImportError, AttributeError) as error:
        raise UsageError(f"{path}: {name} has no PLATFORM: {error}", fix="correct context.groundwork") from error
    return platform


def in_order(environment: Environment, stacks: Sequence[str]) -> list[str]:
    """The environment's bootstrap stacks among `stacks`, in the order in which they are created."""
    return [stack for stack in environment.bootstrap_stacks if stack in stacks]
