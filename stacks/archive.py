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
        account = environment.accounts.archive.id
        super().__init__(scope, environment, "archive", account=account)
        names = self.names
        self.archive = ArchiveBucket(
            self,
            "archive",
            bucket_name=names.archive_bucket,
            access_logs_name=names.bucket("archive-access", account=account),
            alias=names.alias("archive"),
            alias_arn=names.archive_key_alias_arn,
            prefix=environment.archive.prefix,
            writer_account=environment.accounts.main.id,
            writer_role_arn=names.populate_role_arn,
            account=account,
            region=environment.region,
            partition=names.partition,
            organisation_id=environment.archive.organisation_id,
            keep_days=environment.archive.keep_days,
            infrequent_access_days=environment.archive.infrequent_access_after_days,
            protect=environment.protect,
        )
        TerraformOutput(self, "bucket", value=self.archive.bucket.bucket.id)
        TerraformOutput(self, "prefix", value=environment.archive.prefix)
