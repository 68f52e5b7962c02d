"""This platform as the tool sees it: groundwork.platform, implemented with the values of environments/*.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from groundwork import platform
from groundwork.platform import GitHubSettings, PipelineRole, PlanStoreLocation, PreflightLimits

if TYPE_CHECKING:
    # Every start of `gw` reads this file; the models of the values take half a second.
    from stacks.values import Environment, Names

BOOTSTRAP_STACKS = ("state-backend", "account", "delivery", "archive-roles")
"""Made by a person, in this order: the others keep their state in the first. The pipeline may change none of them."""

READS = {
    "runners": ("network",),
    "cluster": ("network",),
    "data": ("network", "cluster"),
    "addons": ("cluster",),
    "workloads": ("cluster", "addons", "data"),
    "api": ("network", "account"),
}
"""The upstream stacks of each stack, as stacks/catalog.py connects them: a pull request's stack may read no other."""


def values_of(environment: platform.Environment) -> Environment:
    """The values behind an environment of this platform."""
    if not isinstance(environment, PlatformEnvironment):
        raise TypeError(f"{environment.name} is an environment of another platform")
    return environment.values


_ROLES: tuple[PipelineRole, ...] = get_args(PipelineRole)
_KUBECONFIG = "../../../.groundwork/kubernetes/kubeconfig"


@dataclass(frozen=True)
class PlatformEnvironment:
    """See groundwork.platform.Environment."""

    values: Environment

    @cached_property
    def names(self) -> Names:
        """The names that follow from the values."""
        from stacks.values import Names

        return Names(self.values)

    @property
    def name(self) -> str:
        """The file's name."""
        return self.values.name

    @property
    def target(self) -> Literal["aws", "laptop"]:
        """Where it is deployed to."""
        return self.values.target

    @property
    def region(self) -> str:
        """Main region."""
        return self.values.region

    @property
    def account(self) -> str:
        """Number of the main account."""
        return self.values.accounts.main.id

    @property
    def protect(self) -> bool:
        """Deletion protection."""
        return self.values.protect

    @property
    def kubernetes_version(self) -> str:
        """The cluster's."""
        return self.values.cluster.version

    @property
    def bootstrap_stacks(self) -> Sequence[str]:
        """Stacks that a person applies."""
        return tuple(self.names.stack(short_name) for short_name in BOOTSTRAP_STACKS)

    @property
    def bootstrap_roles(self) -> Mapping[str, str]:
        """The role of the archive account in which a person makes the pipeline's."""
        return {self.names.stack("archive-roles"): self.names.archive_bootstrap_role_arn}

    @property
    def quotas(self) -> Sequence[platform.QuotaNeed]:
        """Lambda's concurrency, vCPUs of nodes, addresses of NAT gateways."""
        from stacks.values.quotas import quota_needs

        return quota_needs(self.values)

    @property
    def principals(self) -> Mapping[str, str]:
        """Who has access to the cluster, as far as they are of this account and no stack makes them; for Karpenter's
        spot instances, EC2's role, which Karpenter may not make ("Getting Started with Karpenter").
        """
        here, ours = f":{self.account}:", self.names.role_arn("")
        spot = "role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
        return {
            f"cluster.karpenter.pools.{name}.capacity": self.names.aws.iam_arn(spot)
            for name, pool in self.values.cluster.pools.items()
            if "spot" in pool.capacity
        } | {
            f"cluster.access.{name}.principal_arn": entry.principal_arn
            for name, entry in self.values.cluster.access.items()
            if here in entry.principal_arn and not entry.principal_arn.startswith(ours)
        }

    @property
    def guards(self) -> Mapping[platform.Guard, str]:
        """What the `account` stack makes and an organisation may have made already."""
        if not self.values.accounts.main.owns_singletons:
            return {}
        keys: dict[platform.Guard, str] = {"detector": "threat_detection", "trail": "trail"}
        return {guard: f"singletons.{key}" for guard, key in keys.items() if getattr(self.values.singletons, key)}

    @property
    def required_rules(self) -> Sequence[str]:
        """Rules that have to have no finding."""
        return self.values.delivery.required_rules

    @property
    def plan_store(self) -> PlanStoreLocation:
        """What the `delivery` stack makes."""
        return PlanStoreLocation(
            stack=self.names.stack("delivery"),
            bucket=self.names.plan_bucket,
            deployed_key=self.names.deployed_key_arn,
            mac_key=self.names.plan_mac_alias,
            roles={role: self.names.delivery_role_arn(role) for role in _ROLES},
        )

    @property
    def preflight(self) -> PreflightLimits:
        """The only accounts, states, roles and files that a pull request may name."""
        from stacks.values import laptop
        from stacks.values.data import MONGODB_OPERATOR_CHART
        from stacks.values.karpenter import KARPENTER_CHARTS

        values, names = self.values, self.names
        backend: dict[str, object] = {
            "bucket": names.state_bucket,
            "region": values.region,
            "encrypt": True,
            "kms_key_id": names.state_key_arn,
            "dynamodb_table": names.lock_table,
            "use_lockfile": True,
            "allowed_account_ids": [self.account],
        }
        on_laptop = values.target == "laptop"
        return PreflightLimits(
            accounts=frozenset({self.account, values.accounts.archive.id}),
            # us-east-1 is CloudFront's.
            regions=frozenset({values.region, "us-east-1", values.state.replica_region or values.region}),
            roles=frozenset({names.archive_role_arn, names.archive_roles_role_arn}),
            backend={**backend, **laptop.BACKEND} if on_laptop else backend,
            provider=laptop.PROVIDER if on_laptop else {},
            cluster=names.cluster,
            kubeconfig=_KUBECONFIG if on_laptop else "",
            # Whatever main's values are, so that the pull request that switches to one of them can be planned.
            charts=frozenset({*KARPENTER_CHARTS.values(), MONGODB_OPERATOR_CHART}),
        )

    @property
    def github(self) -> GitHubSettings:
        """Reviewers, environments and registries."""
        domain = "amazonaws.com.cn" if self.names.aws.partition == "aws-cn" else "amazonaws.com"
        return GitHubSettings(
            repository=self.values.singletons.github_repository,
            subject=self.values.singletons.subject,
            reviewers=self.values.reviewers,
            environments={role: self.names.github_environment(role) for role in _ROLES},
            apply_from_tags=self.values.delivery.apply_from_tags,
            registries=f"{self.account}.dkr.ecr.{self.region}.{domain}/{self.names.prefix}",
            runner=self._runner,
            auto_apply=self.values.delivery.highest_finding,
            auto_environment=self.names.auto_environment,
            runner_group=self._runner_group,
        )

    @property
    def _runner(self) -> str | None:
        if self.values.runner == "hosted":
            return None
        delivery = self.values.delivery
        return self.names.runner_label if delivery.runners else delivery.runner_label

    @property
    def _runner_group(self) -> platform.RunnerGroup | None:
        made, files = self.values.delivery.runners, self.values.delivery.workflows
        return platform.RunnerGroup(made.group, (files.plan, files.apply)) if made else None

    def state_key(self, stack: str) -> str:
        """Key of a stack's state."""
        return self.names.state_key(stack.removeprefix(f"{self.name}-"))

    def upstream_of(self, stack: str) -> Sequence[str]:
        """The stacks whose outputs a stack may read."""
        return [self.names.stack(name) for name in READS.get(stack.removeprefix(f"{self.name}-"), ())]

    def require_real_accounts(self) -> None:
        """Raise EnvironmentFileError for the account numbers of the committed examples."""
        from stacks.values.placeholders import refuse_placeholders

        refuse_placeholders(self.values)


class _Platform:
    """See groundwork.platform.Platform."""

    commands = (
        "demo.demo_command",
        "demo.invoke_command",
        "stacks.commands.charts",
        "stacks.commands.dev",
        "stacks.commands.images",
        "stacks.commands.services",
        "stacks.commands.init",
        "stacks.commands.new",
        "stacks.commands.schema",
    )

    def environments(self, folder: Path) -> Sequence[platform.Environment]:
        from stacks.values import load_all

        return [PlatformEnvironment(values) for values in load_all(folder)]

    def names(self, folder: Path) -> Sequence[str]:
        return sorted(path.stem for path in folder.glob("*.yaml"))

    def synth_arguments(self, environments: Sequence[str], folder: Path | None) -> list[str]:
        chosen = [word for name in environments for word in ("--environment", name)]
        return [*chosen, *(["--environments", str(folder)] if folder else [])]


PLATFORM = _Platform()
