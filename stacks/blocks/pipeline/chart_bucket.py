"""Bucket that is a Helm repository: packages are written once, the index knowingly, and by nobody but releases."""

from __future__ import annotations

from constructs import Construct

from stacks.blocks.iam.policy_document import Statement, deny_everyone
from stacks.blocks.pipeline.pipeline_plans import sign_in_to_registries
from stacks.blocks.security.encryption_key import Key, use_by_alias
from stacks.blocks.storage.private_bucket import PrivateBucket
from stacks.values import Names

_INDEX = "index.yaml"


class ChartBucket(Construct):
    """`gw charts publish` fills it as the role `release-charts`.

    What that role's policy allows is narrowed here again: a package only with If-None-Match, the index only with
    If-Match or If-None-Match, so that no write overwrites what its writer has not read (S3 user guide, "Enforce
    conditional writes on Amazon S3 buckets"). That also rules out copies and multipart uploads. `key` encrypts.
    """

    def __init__(self, scope: Construct, id_: str, *, names: Names, key: Key) -> None:
        super().__init__(scope, id_)
        arn, release = names.aws.bucket_arn(names.chart_bucket), names.delivery_role_arn("release-charts")
        index = f"{arn}/{_INDEX}"
        self.bucket = PrivateBucket(
            self,
            "objects",
            aws=names.aws,
            bucket_name=names.chart_bucket,
            key=key,
            log_bucket_name=names.access_log_bucket,
            single_region_because="A chart that is lost is packaged again from its tag, to the same bytes.",
            untidied_because="Published charts stay; old versions of the index have a few kilobytes each.",
            statements=[
                deny_everyone(
                    "OnlyReleasesWrite",
                    ["s3:PutObject"],
                    resources=[f"{arn}/*"],
                    # By ARN, not as principal: AWS would store the role's id, and the role need not exist yet.
                    conditions={"ArnNotEquals": {"aws:PrincipalArn": release}},
                ),
                deny_everyone(
                    "PublishedChartsNeverChange",
                    ["s3:PutObject"],
                    other_resources=[index],
                    conditions={"Null": {"s3:if-none-match": "true"}},
                ),
                deny_everyone(
                    "NoEntryIsLost",
                    ["s3:PutObject"],
                    resources=[index],
                    conditions={"Null": {"s3:if-match": "true", "s3:if-none-match": "true"}},
                ),
                deny_everyone(
                    "ReleasesDeleteNothing",
                    ["s3:DeleteObject*"],
                    resources=[f"{arn}/*"],
                    conditions={"ArnEquals": {"aws:PrincipalArn": release}},
                ),
            ],
            disposable=not names.aws.protect,
        )


def chart_reads(names: Names) -> list[Statement]:
    """Statements for a role that deploys: it reads charts from the bucket and from ECR."""
    charts = names.aws.arn("ecr", f"repository/{names.registry('charts')}/*")
    return [
        *_objects(names, "s3:GetObject", keys=["kms:Decrypt"]),
        sign_in_to_registries(),
        Statement(
            sid="PullCharts",
            actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            resources=[charts],
        ),
    ]


def chart_writes(names: Names) -> list[Statement]:
    """Statements for the role that releases charts: it puts packages and the index, which it has to read first."""
    return _objects(names, "s3:GetObject", "s3:PutObject", keys=["kms:Decrypt", "kms:GenerateDataKey"])


def _objects(names: Names, *actions: str, keys: list[str]) -> list[Statement]:
    bucket = names.aws.bucket_arn(names.chart_bucket)
    return [
        Statement(sid="Charts", actions=actions, resources=[f"{bucket}/*"]),
        # Without it S3 answers "denied" where a chart is missing.
        Statement(sid="FindCharts", actions=["s3:ListBucket"], resources=[bucket]),
        use_by_alias(
            names.aws,
            names.alias("registries"),
            sid="KeyOfCharts",
            actions=keys,
            existing=names.environment.keys.registries,
            conditions={
                "StringEquals": {"kms:ViaService": names.aws.endpoint("s3")},
                "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket, f"{bucket}/*"]},
            },
        ),
    ]
