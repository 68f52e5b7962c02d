"""How changes reach the environment: where plans wait, who vouches for them, the pipeline's roles, registries."""

from __future__ import annotations

from cdktf import TerraformOutput
from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from constructs import Construct

from groundwork.platform import PipelineRole
from stacks.blocks.errors import IllegalComposition
from stacks.blocks.iam.policy_document import Statement
from stacks.blocks.pipeline.chart_bucket import ChartBucket, chart_reads, chart_writes
from stacks.blocks.pipeline.data_access import data_reads, data_writes
from stacks.blocks.pipeline.github_role import GithubRole
from stacks.blocks.pipeline.image_cache_access import image_cache_reads, image_cache_writes
from stacks.blocks.pipeline.karpenter_access import karpenter_reads, karpenter_writes
from stacks.blocks.pipeline.network_writes import network_writes
from stacks.blocks.pipeline.pipeline_plans import plan_store_reads, plan_store_writes, registry_writes
from stacks.blocks.pipeline.pipeline_reads import base_reads, service_reads, signing_reads
from stacks.blocks.pipeline.pipeline_writes import (
    base_writes,
    runner_writes,
    service_writes,
    signing_writes,
)
from stacks.blocks.pipeline.plan_bucket import PlanBucket
from stacks.blocks.pipeline.registry import Registry
from stacks.blocks.pipeline.role_boundary import RoleBoundary, shared_policy
from stacks.blocks.pipeline.role_writes import role_writes
from stacks.blocks.pipeline.state_access import state_access
from stacks.blocks.secrets.secret_container import SecretContainer
from stacks.blocks.security.encryption_key import make_or_use
from stacks.blocks.security.mac_key import MacKey
from stacks.platform_stack import PlatformStack
from stacks.values import Environment
from stacks.values.image_cache import UPSTREAMS


class DeliveryStack(PlatformStack):
    """Made by `gw bootstrap` with a person's credentials: the pipeline reads it for drift and may not change it.

    Without `singletons.github_repository` nobody can sign in from GitHub, so the roles are left out.
    """

    is_bootstrap_stack = True

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, environment, "delivery")
        names, values = self.names, environment.delivery
        days = {"main/": values.plan_days}
        self.plans = PlanBucket(self, "plans", names=names, days=days if values.expire_plans else {})
        self.mac = MacKey(
            self,
            "mac",
            aws=self.aws,
            alias=names.plan_mac_alias,
            description=f"Vouches for plans of {names.prefix}",
            makers=[names.delivery_role_arn("plan")],
            checkers=[names.delivery_role_arn("apply")],
        )
        self._registries()
        self._registry_credentials()
        if environment.singletons.github_repository:
            self._roles(environment.singletons.github_repository)
        TerraformOutput(self, "plan_bucket", value=self.plans.bucket.bucket.id, description="Plans and decisions")

    def _registries(self) -> None:
        values = self.environment.delivery
        # An image and its SBOM have a tag each.
        tags = {"image": 2 * values.images_kept, "chart": values.images_kept}
        wanted = [*values.images, *(f"charts/{chart}" for chart in values.charts)]
        if not wanted:
            return
        if repeated := sorted({name for name in wanted if wanted.count(name) > 1}):
            raise IllegalComposition(
                "delivery.images", f"{', '.join(repeated)} occurs twice", "give every registry a name of its own"
            )
        self.registry_key = make_or_use(
            self,
            "registry_key",
            existing=self.environment.keys.registries,
            aws=self.aws,
            alias=self.names.alias("registries"),
            description=f"Images and charts of {self.names.prefix}",
        )
        for name in wanted:
            Registry(
                self,
                f"registry_{name.replace('/', '_')}",
                name=self.names.registry(name),
                key=self.registry_key,
                tags_kept=tags["chart" if name.startswith("charts/") else "image"],
                disposable=not self.aws.protect,
            )

        if values.charts:
            self.charts = ChartBucket(self, "charts", names=self.names, key=self.registry_key)

    def _registry_credentials(self) -> None:
        """Secrets that a person fills before the cluster stack makes the cache: ECR then reads them at once."""
        for upstream in self.environment.cluster.image_cache:
            if UPSTREAMS[upstream].needs_credentials:
                SecretContainer(
                    self,
                    f"credentials_{UPSTREAMS[upstream].folder}",
                    aws=self.aws,
                    name=self.names.image_cache_secret(upstream),
                    description=f'A user of {upstream}: {{"username": "…", "accessToken": "…"}}',
                    # ECR user guide, "Storing your upstream repository credentials in an AWS Secrets Manager secret".
                    key=None,
                )

    def _roles(self, repository: str) -> None:
        environment, values = self.environment, self.environment.delivery
        regions = [environment.region, environment.state.replica_region, *values.regions]
        self.boundary = RoleBoundary(
            self, "boundary", names=self.names, regions=[region for region in regions if region]
        )
        reads = {
            "base_reads": self._shared(
                "base-reads", "Settings of what every stack has, no data", base_reads(self.names)
            ),
            "service_reads": self._shared("service-reads", "Settings of services, no data", service_reads(self.names)),
        }
        files, names = values.workflows, self.names
        self.pull_request_planner = self._role("plan-pull-request", repository, files.plan)
        self.planner = self._role("plan", repository, files.plan)
        self.pull_request_planner.allow("state", *state_access(self.names, "read"))
        self.planner.allow("state", *state_access(self.names, "lock"))
        for role in (self.pull_request_planner, self.planner):
            role.attach_all(reads)
            role.allow("archive", self._archive(names.archive_plan_role_arn))
        self.planner.allow("plans", *plan_store_writes(self.names))
        self.applier = self._role("apply", repository, files.apply, session_minutes=values.session_minutes)
        self.applier.attach_all(
            {
                **reads,
                "base_writes": self._shared("base-writes", "What every stack has", base_writes(self.names)),
                "service_writes": self._shared("service-writes", "What services run on", service_writes(self.names)),
            }
        )
        self.applier.allow("network", *network_writes(self.names))
        self.applier.allow("roles", *role_writes(self.names))
        self.applier.allow("state", *state_access(self.names, "write"))
        self.applier.allow("plans", *plan_store_reads(self.names))
        # Applying is planned for the last time there, as the role that plans.
        self.applier.allow("archive", self._archive(names.archive_plan_role_arn, names.archive_deploy_role_arn))
        if profiles := environment.api.function.signing_profile_arns:
            for role in (self.pull_request_planner, self.planner, self.applier):
                role.allow("signing-reads", *signing_reads(self.names))
            self.applier.allow("signing-writes", *signing_writes(self.names, profiles))
        for wanted, what, reads_of, writes_of in (
            (environment.cluster.image_cache, "image-cache", image_cache_reads, image_cache_writes),
            (environment.cluster.pools, "karpenter", karpenter_reads, karpenter_writes),
        ):
            if wanted:
                for role in (self.pull_request_planner, self.planner, self.applier):
                    role.allow(f"{what}-reads", *reads_of(self.names))
                self.applier.allow(f"{what}-writes", *writes_of(self.names))
        if environment.data.postgres or environment.data.documentdb:
            # Policies of their own: inline ones of a role have 10,240 characters together.
            reading = self._shared("data-reads", "Settings of databases, no data", data_reads(names))
            for role in (self.pull_request_planner, self.planner, self.applier):
                role.attach_all({"data_reads": reading})
            writing = self._shared("data-writes", "Databases and their copies", data_writes(names))
            self.applier.attach_all({"data_writes": writing})
        if values.runners:
            self.applier.allow("runners", *runner_writes(self.names, values.runners.connection_arn))
        if values.images:
            self.image_releaser = self._role("release-images", repository, files.release)
            self.image_releaser.allow("push", *registry_writes(self.names, values.images))
        if values.charts:
            self.chart_releaser = self._role("release-charts", repository, files.release)
            self.chart_releaser.allow("push", *registry_writes(self.names, ["charts/*"]))
            self.chart_releaser.allow("charts", *chart_writes(self.names))
            self.applier.allow("charts", *chart_reads(self.names))

    def _archive(self, *roles: str) -> Statement:
        return Statement(
            sid="ActInArchiveAccount",
            actions=["sts:AssumeRole"],
            resources=roles,
        )

    def _shared(self, what: str, description: str, statements: list[Statement]) -> IamPolicy:
        name = self.names.of(f"delivery-{what}")
        return shared_policy(self, what.replace("-", "_"), name=name, description=description, statements=statements)

    def _role(self, role: PipelineRole, repository: str, workflow: str, *, session_minutes: int = 60) -> GithubRole:
        # Trusted only while the value is on: the environment has no reviewers.
        unattended = [self.names.auto_environment] if role == "apply" and self.environment.delivery.auto_apply else []
        return GithubRole(
            self,
            role.replace("-", "_"),
            name=self.names.delivery_role(role),
            description=f"Jobs of GitHub's environment {self.names.github_environment(role)}, by {workflow} of main",
            oidc_provider_arn=self.names.github_oidc_arn,
            repository=repository,
            subject=self.environment.singletons.subject,
            environments=[self.names.github_environment(role), *unattended],
            workflow=workflow,
            session_minutes=session_minutes,
            permissions_boundary=self.boundary.arn,
        )
