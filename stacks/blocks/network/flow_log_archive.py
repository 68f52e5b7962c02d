"""VPC flow logs as Parquet files in a bucket: a fraction of CloudWatch's price, to be searched with Athena."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.flow_log import FlowLog, FlowLogDestinationOptions
from constructs import Construct

from stacks.blocks.iam.policy_document import Conditions, Principal
from stacks.blocks.security.encryption_key import key_grant, make_or_use
from stacks.blocks.storage.log_delivery import log_delivery
from stacks.blocks.storage.private_bucket import PrivateBucket, Retention
from stacks.values import Names

_DELIVERY = Principal(services=["delivery.logs.amazonaws.com"])


class FlowLogArchive(Construct):
    """Flow logs of a VPC into a bucket of their own, by hour, encrypted with a key of their own.

    The policies are those of the VPC user guide, "Amazon S3 bucket permissions for flow logs" and "Required key policy
    for use with SSE-KMS buckets".
    """

    def __init__(self, scope: Construct, id_: str, *, vpc_id: str, names: Names, retention_days: int) -> None:
        super().__init__(scope, id_)
        aws, name = names.aws, names.bucket("flow-logs")
        arn = aws.bucket_arn(name)
        from_here: Conditions = {
            "StringEquals": {"aws:SourceAccount": aws.account},
            "ArnLike": {"aws:SourceArn": aws.arn("logs", "*")},
        }
        key = make_or_use(
            self,
            "key",
            existing=names.environment.keys.flow_logs,
            aws=aws,
            alias=names.alias("flow-logs"),
            description=f"VPC flow logs of {names.prefix}",
            statements=[
                key_grant(
                    sid="LogDeliveryEncrypts",
                    principal=_DELIVERY,
                    actions=["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                    conditions=from_here,
                )
            ],
        )
        bucket = PrivateBucket(
            self,
            "records",
            aws=aws,
            bucket_name=name,
            key=key,
            log_bucket_name=names.access_log_bucket,
            single_region_because="Flow logs are about one region's network, and are kept for a limited time only.",
            retention=Retention(expire_days=retention_days, old_version_days=7),
            statements=log_delivery(aws, "LogDelivery", _DELIVERY, bucket_arn=arn, conditions=from_here),
            disposable=not aws.protect,
        )
        FlowLog(
            self,
            "flow_log",
            vpc_id=vpc_id,
            traffic_type="ALL",
            log_destination_type="s3",
            log_destination=bucket.bucket.arn,
            max_aggregation_interval=60,
            destination_options=FlowLogDestinationOptions(
                file_format="parquet", per_hour_partition=True, hive_compatible_partitions=True
            ),
            tags={"Name": names.of("flow-logs")},
            # AWS would write the policy itself if it were missing.
            depends_on=[bucket.policy],
        )
