"""How changes reach the environment: plans, the pipeline's roles, registries, runners."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stacks.values.types import LogDays, Region, Section

RepositoryName = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[._-][a-z0-9]+)*$")]
RuleName = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$")]
HighestFinding = Literal["none", "low", "medium"]
RunnerLabel = Annotated[str, Field(pattern=r"^[\w.-]+$", description="a label of GitHub Actions runners")]
WorkflowFile = Annotated[str, Field(pattern=r"^[\w.-]+\.ya?ml$")]


class Workflows(Section):
    """Files in .github/workflows that may sign in. The roles' trust names them as they are on main."""

    plan: WorkflowFile = "plan.yml"
    """The reusable workflow that plans, for pull requests and for main."""
    apply: WorkflowFile = "apply.yml"
    """The reusable workflow that applies."""
    release: WorkflowFile = "release.yml"
    """The reusable workflow that pushes images and charts."""


class Runners(Section):
    """GitHub Actions runners in the VPC (CodeBuild), one fresh machine per job."""

    connection_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:(codeconnections|codestar-connections):.+$")]
    """A connection to GitHub that a person has completed in the console, so that no token is stored."""
    group: Annotated[int, Field(ge=2)]
    """Number of a runner group of the organisation that only the files of `workflows.plan` and `apply` on main may use;
    `gw github setup` restricts it. Every job may ask for a label, also one that runs a pull request's code. 1 is
    GitHub's default group."""
    compute: Literal["BUILD_GENERAL1_SMALL", "BUILD_GENERAL1_MEDIUM", "BUILD_GENERAL1_LARGE"] = "BUILD_GENERAL1_MEDIUM"
    """Size of a machine; SMALL has 3 GiB, all of which Terraform with the AWS provider needs."""
    timeout_minutes: Annotated[int, Field(ge=5, le=2160)] = 130
    """A machine that runs for longer is stopped; the apply job ends itself after 120 minutes."""
    at_once: Annotated[int, Field(ge=1, le=100)] = 4
    """Jobs that run side by side; the others wait."""
    log_days: LogDays = 365


class AutoApply(Section):
    """Plans of main that are applied without approval: those that destroy, replace, import, move and forget nothing,
    change nothing that holds data, and whose review finds nothing above a level. Everything else waits for a person."""

    highest_finding: HighestFinding
    """`none`, `low` or `medium`; a high finding may lose data or let somebody in, so it always needs a person."""


class Delivery(Section):
    """The `delivery` and `runners` stacks."""

    expire_plans: bool = True
    """Plans hold secrets, so S3 deletes them after some days. On a laptop they are as local as the state."""
    plan_days: Annotated[int, Field(ge=1, le=90)] = 14
    """Days that a plan of main can be applied."""
    session_minutes: Annotated[int, Field(ge=60, le=720)] = 120
    """Longest session of the apply role; an EKS upgrade takes longer than the usual hour."""
    apply_from_tags: Annotated[str, Field(pattern=r"^[\w.*-]+$")] | None = None
    """Tags (for example v*) that may be deployed; the workflow file that applies them is main's nevertheless."""
    auto_apply: AutoApply | None = None
    """Which plans of main need no approval; off where it is missing. docs/adr/0023 says what is judged and by whom."""
    required_rules: tuple[RuleName, ...] = ()
    """Rules of policies/ that must have no finding in what is applied, by their files' names: `logs-are-kept`. A rule
    that cannot judge, or does not exist, refuses the apply too."""
    workflows: Workflows = Workflows()
    regions: tuple[Region, ...] = ()
    """Further regions in which the pipeline may act, besides the environment's own."""
    images: tuple[RepositoryName, ...] = ("market", "users", "ledger", "transactions")
    """Container images with a registry of their own."""
    charts: tuple[RepositoryName, ...] = ("mongodb", "node-pools", "service")
    """Helm charts with a registry of their own; where there are any, also a bucket that is a Helm repository."""
    images_kept: Annotated[int, Field(ge=5, le=1000)] = 100
    """Number of newest images, each with its SBOM, or of charts that a registry keeps; older ones are deleted."""
    runners: Runners | None = None
    """Runners that the `runners` stack makes inside the VPC. `runner: vpc` needs them or `runner_label`."""
    runner_label: RunnerLabel | None = None
    """Label of runners that exist inside the VPC already, instead of `runners`; they need such a group, too."""

    @model_validator(mode="after")
    def _one_kind_of_runner(self) -> Self:
        if self.runners and self.runner_label:
            raise ValueError("runners makes runners, and runner_label says that they exist already; keep one of them")
        return self

    @model_validator(mode="after")
    def _main_alone_is_applied_without_approval(self) -> Self:
        if self.auto_apply and self.apply_from_tags:
            raise ValueError("auto_apply is for main alone, and apply_from_tags deploys tags; keep one of them")
        return self

    @property
    def highest_finding(self) -> HighestFinding | None:
        """The highest finding that needs no approval; None where every apply needs one."""
        return self.auto_apply.highest_finding if self.auto_apply else None
