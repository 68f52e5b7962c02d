"""Terraform state of one environment: versioned encrypted bucket, lock table, access logs, a copy in another region."""

from __future__ import annotations

from dataclasses import replace

from cdktf import TerraformOutput
from constructs import Construct

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.security.encryption_key import make_or_use
from stacks.blocks.storage.access_log_bucket import AccessLogBucket
from stacks.blocks.storage.bucket_replication import BucketReplication
from stacks.blocks.storage.lock_table import LockTable
from stacks.blocks.storage.private_bucket import PrivateBucket, Retention
from stacks.platform_stack import PlatformStack
from stacks.values import AwsScope, Environment

_ONE_REGION = (
    "state.replica_region is empty: versions of the state are kept, and Terraform can import what a lost state named."
)


class StateBackendStack(PlatformStack):
    """Where every stack of the environment, this one included, keeps its state. Made by `gw bootstrap`."""

    is_bootstrap_stack = True

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, environment, "state-backend")
        state = environment.state
        if state.replica_region == environment.region:
            raise IllegalComposition(
                "state.replica_region",
                f"{state.replica_region} is the region of the state itself: a copy there is lost with it",
                "name another region, or leave it out",
            )
        self.key = make_or_use(
            self,
            "key",
            existing=state.key_arn,
            aws=self.aws,
            alias=self.names.state_key_alias,
            description=f"Terraform state and locks of {self.names.prefix}",
        )
        self.access_logs = AccessLogBucket(
            self,
            "access_logs",
            aws=self.aws,
            bucket_name=self.names.access_log_bucket,
            sources=f"{self.names.prefix}-*",
            keep_days=state.access_log_days,
        )
        self.bucket = PrivateBucket(
            self,
            "bucket",
            aws=self.aws,
            bucket_name=self.names.state_bucket,
            key=self.key,
            also_known_as=[] if state.key_arn else [self.names.state_key_arn],
            log_bucket_name=self.access_logs.name,
            single_region_because=None if state.replica_region else _ONE_REGION,
            retention=self._retention,
        )
        if state.locking in {"dynamodb", "both"}:
            self.locks = LockTable(self, "locks", table_name=self.names.lock_table, key=self.key, aws=self.aws)
        if state.replica_region:
            self._replicate(replace(self.aws, region=state.replica_region))
        TerraformOutput(self, "state_bucket", value=self.bucket.bucket.id, description="Bucket of every state")
        TerraformOutput(self, "state_key_arn", value=self.key.arn, description="Key that encrypts states and locks")
        TerraformOutput(
            self, "access_log_bucket", value=self.access_logs.name, description="Bucket for the access logs of others"
        )

    @property
    def _retention(self) -> Retention:
        # Some old versions stay for ever: a stack that rarely changes would otherwise have nothing to go back to.
        return Retention(old_version_days=self.environment.state.keep_versions_days, old_versions_kept=10)

    def _replicate(self, aws: AwsScope) -> None:
        elsewhere = self.add_provider("aws_replica", aws=aws, alias="replica")
        key = make_or_use(
            self,
            "replica_key",
            existing=self.environment.keys.state_replica,
            aws=aws,
            alias=self.names.alias("state-replica"),
            description=f"Copy of the Terraform state of {self.names.prefix}",
            provider=elsewhere,
        )
        logs = AccessLogBucket(
            self,
            "replica_access_logs",
            aws=aws,
            bucket_name=self.names.bucket("replica-logs"),
            sources=f"{self.names.prefix}-*",
            keep_days=self.environment.state.access_log_days,
            provider=elsewhere,
        )
        self.replica = PrivateBucket(
            self,
            "replica",
            aws=aws,
            bucket_name=self.names.bucket("state-replica"),
            key=key,
            log_bucket_name=logs.name,
            single_region_because="This bucket is itself the copy that another region's bucket is replicated to.",
            retention=self._retention,
            provider=elsewhere,
        )
        BucketReplication(
            self,
            "replication",
            aws=self.aws,
            role_name=self.names.of("state-replication"),
            source=self.bucket,
            source_key=self.key,
            destination=self.replica,
            destination_key=key,
        )
