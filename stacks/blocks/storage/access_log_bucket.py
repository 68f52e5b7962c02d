"""S3 bucket that receives the access logs of other buckets of the same account and region."""

from __future__ import annotations

from cdktf import TerraformProvider
from constructs import Construct

from stacks.blocks.iam.policy_document import Principal, Statement
from stacks.blocks.storage.private_bucket import PrivateBucket, Retention
from stacks.blocks.waivers import waive
from stacks.values import AwsScope


class AccessLogBucket(Construct):
    """Takes logs from buckets whose name matches `sources` (may hold *), and keeps them `keep_days`."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        bucket_name: str,
        sources: str,
        keep_days: int = 365,
        provider: TerraformProvider | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.target = PrivateBucket(
            self,
            "target",
            aws=aws,
            bucket_name=bucket_name,
            key=None,
            log_bucket_name=None,
            single_region_because="Access logs are evidence about one region's bucket and are kept for a limited time.",
            retention=Retention(expire_days=keep_days, old_version_days=30),
            statements=[
                Statement(
                    sid="S3DeliversAccessLogs",
                    principal=Principal(services=["logging.s3.amazonaws.com"]),
                    actions=["s3:PutObject"],
                    resources=[f"{aws.bucket_arn(bucket_name)}/*"],
                    conditions={
                        "StringEquals": {"aws:SourceAccount": aws.account},
                        "ArnLike": {"aws:SourceArn": aws.bucket_arn(sources)},
                    },
                )
            ],
            disposable=not aws.protect,
            provider=provider,
        )
        waive(
            self.target.bucket,
            "CKV_AWS_145",
            reason="S3 delivers access logs only to buckets whose default encryption is S3's own (SSE-S3).",
        )
        waive(
            self.target.bucket,
            "CKV_AWS_18",
            reason="A bucket that logs its own accesses into itself would log its logging without end.",
        )

    @property
    def name(self) -> str:
        """The bucket's name, as a reference to its policy: S3 refuses a target it has not been let into yet."""
        name: str = self.target.policy.bucket
        return name
