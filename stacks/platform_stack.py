"""What every stack has: a state of its own, a provider that can only reach its account, and tags."""

from __future__ import annotations

from typing import Any

from cdktf import S3Backend, TerraformOutput, TerraformStack
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderAssumeRole, AwsProviderDefaultTags
from constructs import Construct

from stacks.values import AwsScope, Environment, Names, laptop


class PlatformStack(TerraformStack):
    """Base of all stacks. `stack_name` is the short name, for example `network`; `aws` is where its resources are.

    In the archive account Terraform assumes `role_arn`, by default the role for what it does (`archive_role_arn`).

    The laptop's provider and backend name a profile of their own whose endpoint is the embedded AWS and whose keys are
    dummies, so that real credentials in the environment are never used. AWS_IGNORE_CONFIGURED_ENDPOINT_URLS would undo
    the endpoint: what is not on this machine therefore goes through a proxy that does not exist.
    """

    is_bootstrap_stack = False
    """Whether `gw bootstrap` makes the stack: before the pipeline, and out of its reach."""

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        stack_name: str,
        *,
        in_archive_account: bool = False,
        role_arn: str | None = None,
    ) -> None:
        self.names = Names(environment)
        super().__init__(scope, self.names.stack(stack_name))
        self.environment = environment
        self.stack_name = stack_name
        self.aws = self.names.archive_aws if in_archive_account else self.names.aws
        self._state()
        self.provider = self.add_provider(
            "aws",
            aws=self.aws,
            role_arn=role_arn or (self.names.archive_role_arn if in_archive_account else None),
        )

    @property
    def role_boundary(self) -> str | None:
        """The policy that every role of the stack is bounded by; none where no pipeline makes the roles."""
        pipeline = self.environment.singletons.github_repository and not self.is_bootstrap_stack
        return self.names.role_boundary_arn if pipeline else None

    @property
    def on_laptop(self) -> bool:
        """Whether the stack is for the embedded AWS: only provider and backend settings may depend on it."""
        return self.environment.target == "laptop"

    @property
    def default_tags(self) -> dict[str, str]:
        """Tags of every resource that the stack makes; what AWS makes from one of them has to be given them."""
        environment = self.environment
        return {
            **environment.tags,
            "organisation": environment.organisation,
            "environment": environment.name,
            "stack": self.stack_name,
            "managed-by": "groundwork",
        }

    def add_provider(
        self, id_: str, *, aws: AwsScope, role_arn: str | None = None, alias: str | None = None
    ) -> AwsProvider:
        """An AWS provider for one account and region; refuses to act on any other account."""
        return AwsProvider(
            self,
            id_,
            alias=alias,
            region=aws.region,
            allowed_account_ids=[aws.account],
            assume_role=[AwsProviderAssumeRole(role_arn=role_arn)] if role_arn else None,
            default_tags=[AwsProviderDefaultTags(tags=self.default_tags)],
            **(laptop.PROVIDER if self.on_laptop else {}),
        )

    def add_outputs(self, **values: Any) -> None:
        """Add outputs for people and tools; another stack refers to the resources themselves."""
        for name, value in values.items():
            # A name of its own in the tree: another construct of the stack may be called `name`.
            TerraformOutput(self, f"{name}_output", value=value).override_logical_id(name)

    def _state(self) -> None:
        state = self.environment.state
        backend = S3Backend(
            self,
            bucket=self.names.state_bucket,
            key=self.names.state_key(self.stack_name),
            region=self.names.aws.region,
            encrypt=True,
            # Without it Terraform would ask for S3's own keys, which the bucket refuses.
            kms_key_id=self.names.state_key_arn,
            dynamodb_table=self.names.lock_table if state.locking in {"dynamodb", "both"} else None,
            allowed_account_ids=[self.names.aws.account],
            **(laptop.BACKEND if self.on_laptop else {}),
        )
        if state.locking in {"lockfile", "both"}:
            # cdktf 0.21's S3Backend does not know the argument.
            backend.add_override("use_lockfile", True)
