"""The other account's bucket, which one role of the main account may add to and nobody there may read."""

from __future__ import annotations

from cdktf import TerraformOutput
from constructs import Construct

from stacks.blocks.storage.archive_bucket import ArchiveBucket
from stacks.platform_stack import PlatformStack
from stacks.values import Environment


class ArchiveStack(PlatformStack):
    """Bucket and key in the archive account. It knows its one writer by name, so it needs no other stack first."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, environment, "archive", in_archive_account=True)
        names = self.names
        self.archive = ArchiveBucket(
            self,
            "archive",
            aws=self.aws,
            bucket_name=names.archive_bucket,
            access_logs_name=names.archive_access_bucket,
            alias=names.alias("archive"),
            existing_key=environment.keys.archive,
            prefix=environment.archive.prefix,
            writer_account=environment.accounts.main.id,
            writer_role_arn=names.populate_role_arn,
            deployer_role_arn=names.archive_deploy_role_arn,
            organisation_id=environment.archive.organisation_id,
            keep_days=environment.archive.keep_days,
            lock_days=environment.archive.lock_days,
            infrequent_access_days=environment.archive.infrequent_access_after_days,
        )
        TerraformOutput(self, "bucket", value=self.archive.bucket.bucket.id)
        TerraformOutput(self, "prefix", value=environment.archive.prefix)
