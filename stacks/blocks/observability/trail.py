"""CloudTrail: who did what in the account, in every region, kept encrypted and provably unchanged."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.cloudtrail import Cloudtrail
from constructs import Construct

from stacks.blocks.iam.policy_document import Conditions, Principal, Statement
from stacks.blocks.iam.service_role import ServiceRole
from stacks.blocks.observability.log_group import LogGroup
from stacks.blocks.security.encryption_key import key_grant, logs_key_use, make_or_use
from stacks.blocks.storage.access_log_bucket import AccessLogBucket
from stacks.blocks.storage.log_delivery import log_delivery
from stacks.blocks.storage.private_bucket import PrivateBucket, Retention
from stacks.blocks.waivers import waive
from stacks.values import AwsScope

_CLOUDTRAIL = Principal(services=["cloudtrail.amazonaws.com"])


class Trail(Construct):
    """A trail called `name` with a key, a bucket and a log group of its own.

    `bucket_name` and `access_logs_name` are unique in the world, `alias` begins with alias/. Objects are deleted after
    `keep_days`, and by nobody before `lock_days`; the searchable copy in CloudWatch after `log_days`. `aws.protect`
    keeps both against a destroy.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        name: str,
        alias: str,
        existing_key: str | None = None,
        bucket_name: str,
        access_logs_name: str,
        keep_days: int = 365,
        log_days: int = 365,
        lock_days: int | None = None,
    ) -> None:
        super().__init__(scope, id_)
        log_group_name = f"/aws/cloudtrail/{name}"
        # Computed: bucket and key name the trail before it exists, which in turn needs both.
        trail_arn = aws.arn("cloudtrail", f"trail/{name}")
        from_this_trail: Conditions = {"StringEquals": {"aws:SourceArn": trail_arn}}
        self.key = make_or_use(
            self,
            "encryption",
            existing=existing_key,
            aws=aws,
            alias=alias,
            description=f"CloudTrail {name}",
            statements=[
                logs_key_use(aws, log_group_name),
                key_grant(
                    sid="CloudTrailEncrypts",
                    principal=_CLOUDTRAIL,
                    actions=["kms:GenerateDataKey"],
                    conditions=from_this_trail,
                ),
                key_grant(
                    sid="CloudTrailFindsKey",
                    principal=_CLOUDTRAIL,
                    actions=["kms:DescribeKey"],
                    conditions=from_this_trail,
                ),
            ],
        )
        access_logs = AccessLogBucket(self, "access_logs", aws=aws, bucket_name=access_logs_name, sources=bucket_name)
        arn = aws.bucket_arn(bucket_name)
        self.bucket = PrivateBucket(
            self,
            "records",
            aws=aws,
            bucket_name=bucket_name,
            key=self.key,
            log_bucket_name=access_logs.name,
            single_region_because=(
                "The trail covers every region and CloudWatch holds a second, searchable copy of the same events."
            ),
            retention=Retention(expire_days=keep_days, old_version_days=90),
            statements=log_delivery(aws, "CloudTrail", _CLOUDTRAIL, bucket_arn=arn, conditions=from_this_trail),
            disposable=not aws.protect,
            lock_days=lock_days,
        )
        self.log_group = LogGroup(self, "log", name=log_group_name, key=self.key, retention_days=log_days)
        role = ServiceRole(
            self,
            "writer",
            name=name,
            description="CloudTrail writes events to its log group",
            service="cloudtrail.amazonaws.com",
            source_account=None,
        )
        allowed = role.allow(
            "write-events",
            Statement(
                sid="WriteEvents",
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[f"{self.log_group.arn}:log-stream:{aws.account}_CloudTrail_*"],
            ),
        )
        self.trail = Cloudtrail(
            self,
            "trail",
            name=name,
            s3_bucket_name=self.bucket.bucket.id,
            kms_key_id=self.key.arn,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            cloud_watch_logs_group_arn=f"{self.log_group.arn}:*",
            cloud_watch_logs_role_arn=role.arn,
            # CloudTrail tries all of them when the trail is made.
            depends_on=[self.bucket.policy, allowed],
        )
        waive(
            self.trail,
            "CKV_AWS_252",
            reason="Events reach people by filters on the log group (alerts); a message for every file would be noise.",
        )
