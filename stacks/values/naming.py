"""Names and ARNs that are known before their resources exist.

A value computed here needs no reference between stacks: that breaks the cycle archive ↔ api, lets independent stacks be
planned side by side, and lets `gw bootstrap` find what an interrupted run has created.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from groundwork.platform import PipelineRole
from stacks.values.aws_scope import AwsScope
from stacks.values.image_cache import UPSTREAMS
from stacks.values.model import Environment


@dataclass(frozen=True)
class Names:
    """The names of one environment. S3 allows 63 characters, IAM roles 64; `Slug` keeps every name below that."""

    environment: Environment

    @property
    def prefix(self) -> str:
        """Beginning of every name in the environment: <organisation>-<environment>."""
        return f"{self.environment.organisation}-{self.environment.name}"

    @property
    def aws(self) -> AwsScope:
        """The main account, in the environment's region."""
        environment = self.environment
        return AwsScope(account=environment.accounts.main.id, region=environment.region, protect=environment.protect)

    @property
    def archive_aws(self) -> AwsScope:
        """The archive account, in the same region."""
        return replace(self.aws, account=self.environment.accounts.archive.id)

    def stack(self, stack: str) -> str:
        """Name of a stack in Terraform and in every command."""
        return f"{self.environment.name}-{stack}"

    def of(self, what: str) -> str:
        """Name of a resource that is unique within its account: role, table, function, cluster."""
        return f"{self.prefix}-{what}"

    def bucket(self, what: str, *, account: str | None = None) -> str:
        """Name of a bucket, globally unique by organisation and account number."""
        return f"{self.prefix}-{what}-{account or self.aws.account}"

    def alias(self, what: str) -> str:
        """Alias of a KMS key."""
        return f"alias/{self.prefix}-{what}"

    def role_arn(self, what: str) -> str:
        """ARN of the role `of(what)` in the main account."""
        return self.aws.iam_arn(f"role/{self.of(what)}")

    # ── names that two stacks must agree on ────────────────────────────────────────────────────────
    @property
    def state_bucket(self) -> str:
        """Bucket that holds every state of the environment."""
        return self.bucket("state")

    @property
    def lock_table(self) -> str:
        """DynamoDB table that holds the state locks."""
        return self.of("state-locks")

    def state_key(self, stack: str) -> str:
        """Object key of a stack's state."""
        return f"{self.environment.name}/{stack}.tfstate"

    @property
    def state_key_alias(self) -> str:
        """Alias of the KMS key that encrypts states and locks."""
        return self.alias("state")

    @property
    def state_key_arn(self) -> str:
        """The KMS key of the state: an existing one, or the alias of one to create, which is known before."""
        return self.environment.state.key_arn or self.aws.arn("kms", self.state_key_alias)

    @property
    def access_log_bucket(self) -> str:
        """Bucket that receives the access logs of the environment's buckets in the main account."""
        return self.bucket("access-logs")

    @property
    def cluster(self) -> str:
        """Name of the EKS cluster."""
        return self.of("cluster")

    @property
    def database_subnets(self) -> str:
        """Name of the group of subnets for databases."""
        return self.of("database")

    @property
    def documents(self) -> str:
        """Name of the DocumentDB cluster."""
        return self.of("documents")

    @property
    def backup(self) -> str:
        """Name of the vault of backups, of its plan and of its role."""
        return self.of("backup")

    @property
    def postgres(self) -> str:
        """Name of the Postgres."""
        return self.of("postgres")

    def parameter_path(self, workload: str) -> str:
        """Where a service's parameters lie, without slashes around it; its secrets lie at the same."""
        return f"{self.prefix}/{workload}"

    @property
    def karpenter_nodes(self) -> str:
        """Name of the role of the nodes that Karpenter makes, and of their instance profile."""
        return self.of("karpenter-nodes")

    @property
    def karpenter_queue(self) -> str:
        """Name of the queue that tells Karpenter of instances that end."""
        return self.of("karpenter-interruptions")

    @property
    def populate_function(self) -> str:
        """Name of the Lambda function that writes records."""
        return self.of("populate")

    @property
    def populate_role_arn(self) -> str:
        """The only principal that may write into the archive."""
        return self.role_arn("populate")

    @property
    def archive_bucket(self) -> str:
        """The other account's bucket."""
        return self.bucket("archive", account=self.archive_aws.account)

    @property
    def archive_access_bucket(self) -> str:
        """Bucket of that bucket's access logs."""
        return self.bucket("archive-access", account=self.archive_aws.account)

    @property
    def archive_role_arn(self) -> str:
        """The role that Terraform assumes in the archive account, as an expression: an apply may write, a plan may not.

        A plan made with one role is applied with the other: Terraform evaluates the expression and does not store it.
        A destruction does not count as applying (walkDestroy in internal/terraform/context_apply.go), so the pipeline
        cannot destroy the archive. A laptop, which is often destroyed, takes the person's role for everything.
        """
        if self.environment.target == "laptop":
            return self.archive_bootstrap_role_arn
        return f'${{terraform.applying ? "{self.archive_deploy_role_arn}" : "{self.archive_plan_role_arn}"}}'

    @property
    def archive_deploy_role(self) -> str:
        """Name of the archive account's role for applies; environments may share that account."""
        return self.environment.accounts.archive.role or f"groundwork-deploy-{self.environment.name}"

    @property
    def archive_plan_role(self) -> str:
        """Name of the archive account's role for plans."""
        return self.environment.accounts.archive.plan_role or f"groundwork-plan-{self.environment.name}"

    @property
    def archive_deploy_role_arn(self) -> str:
        """The role that an apply assumes in the archive account."""
        return self.archive_aws.iam_arn(f"role/{self.archive_deploy_role}")

    @property
    def archive_plan_role_arn(self) -> str:
        """The role that a plan assumes in the archive account."""
        return self.archive_aws.iam_arn(f"role/{self.archive_plan_role}")

    @property
    def archive_roles_role_arn(self) -> str:
        """The role for the stack that makes the others: on AWS the plan's, which `gw bootstrap` replaces."""
        on_laptop = self.environment.target == "laptop"
        return self.archive_bootstrap_role_arn if on_laptop else self.archive_plan_role_arn

    @property
    def archive_bootstrap_role_arn(self) -> str:
        """The role with which a person makes those two."""
        return self.archive_aws.iam_arn(f"role/{self.environment.accounts.archive.bootstrap_role}")

    @property
    def alert_topic_arn(self) -> str | None:
        """The topic that the `account` stack makes for alarms; None where this environment makes none."""
        makes = self.environment.accounts.main.owns_singletons and self.environment.singletons.alerts
        return self.aws.arn("sns", self.of("alerts")) if makes else None

    # ── delivery ───────────────────────────────────────────────────────────────────────────────────
    @property
    def plan_bucket(self) -> str:
        """Bucket for plans until they are applied, for what was applied, and for decisions."""
        return self.bucket("plans")

    @property
    def plan_key_alias(self) -> str:
        """Alias of the KMS key that encrypts plans."""
        return self.alias("plans")

    @property
    def deployed_key_alias(self) -> str:
        """Alias of the KMS key that encrypts what was applied, without plans: the roles that plan may read that."""
        return self.alias("deployed")

    @property
    def deployed_key_arn(self) -> str:
        """That key: an existing one, or the alias of one to create."""
        return self.environment.keys.deployed or self.aws.arn("kms", self.deployed_key_alias)

    @property
    def plan_mac_alias(self) -> str:
        """Alias of the HMAC key that signs the plans of main."""
        return self.alias("plan-mac")

    def delivery_role(self, role: PipelineRole) -> str:
        """Name of a role that the pipeline runs as."""
        return self.of(f"delivery-{role}")

    def delivery_role_arn(self, role: PipelineRole) -> str:
        """ARN of a role that the pipeline runs as."""
        return self.role_arn(f"delivery-{role}")

    @property
    def role_boundary_arn(self) -> str:
        """The boundary of the apply role and of every role that it creates."""
        return self.aws.iam_arn(f"policy/{self.of('delivery-boundary')}")

    @property
    def github_oidc_arn(self) -> str:
        """GitHub's OIDC provider in the main account, which the `account` stack creates."""
        return self.aws.iam_arn("oidc-provider/token.actions.githubusercontent.com")

    @property
    def runner_label(self) -> str:
        """The beginning of the label for which CodeBuild starts a runner; a job adds `-<run id>-<attempt>`."""
        return f"codebuild-{self.of('runner')}"

    def github_environment(self, role: PipelineRole) -> str:
        """GitHub's environment whose jobs assume a role; `<env>` is the one with reviewers."""
        suffix = {"apply": "", "plan-pull-request": "-pull-request"}.get(role, f"-{role}")
        return f"{self.environment.name}{suffix}"

    @property
    def auto_environment(self) -> str:
        """GitHub's environment, without reviewers, of an apply that needs no approval (`delivery.auto_apply`)."""
        return f"{self.environment.name}-auto"

    def registry(self, name: str) -> str:
        """Name of an image's or chart's registry in ECR."""
        return f"{self.prefix}/{name}"

    @property
    def chart_bucket(self) -> str:
        """Bucket that is the Helm repository of released charts."""
        return self.bucket("charts")

    # ── copies of other registries' images ─────────────────────────────────────────────────────────
    def image_cache_prefix(self, upstream: str) -> str:
        """Beginning of the names of repositories with copies from `upstream`, a key of UPSTREAMS, without slash."""
        return f"{self.prefix}/{UPSTREAMS[upstream].folder}"

    def image_cache_secret(self, upstream: str) -> str:
        """Name of the secret with user and token of `upstream`. ECR reads secrets of this beginning only."""
        return f"ecr-pullthroughcache/{self.prefix}-{UPSTREAMS[upstream].folder}"
