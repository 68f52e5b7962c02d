"""What an apply may change: the services of our stacks, by the environment's names wherever AWS takes names.

Less than the permission boundary allows, never more; what is not here, the pipeline cannot make.
"""

from __future__ import annotations

from collections.abc import Sequence

from stacks.blocks.iam.policy_document import Conditions, Statement
from stacks.blocks.pipeline.pipeline_resources import (
    ACTIONS_WITHOUT_RESOURCES,
    IDS_ARE_UNKNOWN,
    alarm_arns,
    api_arn,
    api_arns,
    bucket_arns,
    cluster_arns,
    log_group_arns,
)
from stacks.values import AwsScope, Names

BUCKET_WRITES = (
    "s3:CreateBucket", "s3:PutBucketLogging", "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
)  # fmt: skip
"""What making a private bucket takes."""


def existing_keys(names: Names) -> list[Statement]:
    """What `base_writes` allows with the environment's own keys, for keys of somebody else's, which lack its tags."""
    environment = names.environment
    if not (keys := [key for key in (environment.cluster.key_arn, environment.keys.api, environment.keys.data) if key]):
        return []
    return [
        Statement(
            sid="UseExistingKeys",
            actions=[
                "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*",
                "kms:ReEncrypt*",
            ],
            resources=keys,
        )
    ]  # fmt: skip


def key_writes(names: Names, aws: AwsScope, *, sealed: bool = False) -> list[Statement]:
    """Statements for keys of the environment in an account; a `sealed` key keeps its policy, and is not deleted."""
    environment = names.environment.name
    ours: Conditions = {"StringEquals": {"aws:ResourceTag/environment": environment}}
    ours_or_new = _ours_or_new(names)
    unsealing = [] if sealed else ["kms:DisableKeyRotation", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"]
    return [
        Statement(
            sid="MakeKeys",
            actions=["kms:CreateKey", "kms:TagResource"],
            resources=["*"],
            any_resource_because=IDS_ARE_UNKNOWN,
            # Nobody else's key becomes ours by a tag.
            conditions={"StringEquals": {"aws:RequestTag/environment": environment}, **ours_or_new},
        ),
        Statement(
            sid="TagOwnKeys",
            actions=["kms:TagResource"],
            resources=[aws.arn("kms", "key/*")],
            # A change of tags names the changed tags only, so that it may lack the environment.
            conditions={**ours, "StringEqualsIfExists": {"aws:RequestTag/environment": environment}},
        ),
        Statement(
            sid="RotateKeys",
            actions=["kms:EnableKeyRotation"],
            resources=[aws.arn("kms", "key/*")],
            conditions=ours_or_new,
        ),
        Statement(
            sid="ChangeOwnKeys",
            actions=["kms:CancelKeyDeletion", "kms:UntagResource", "kms:UpdateKeyDescription", *unsealing],
            resources=[aws.arn("kms", "key/*")],
            conditions=ours,
        ),
        Statement(
            sid="NameKeys",
            actions=["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"],
            resources=[aws.arn("kms", f"alias/{names.prefix}-*"), aws.arn("kms", "key/*")],
        ),
    ]


def _ours_or_new(names: Names) -> Conditions:
    # A new key's tags take up to five minutes to count (KMS developer guide, "Use tags to control access"): until then
    # the key appears to have none. Nobody else's tagged key is included.
    return {"StringEqualsIfExists": {"aws:ResourceTag/environment": names.environment.name}}


def base_writes(names: Names) -> list[Statement]:
    """Statements for the role that applies: what every stack is made of."""
    aws = names.aws
    ours_or_new = _ours_or_new(names)
    return [
        Statement(
            sid="Buckets",
            actions=[
                *BUCKET_WRITES, "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketNotification",
                "s3:PutReplicationConfiguration",
            ],
            resources=bucket_arns(names),
        ),
        *key_writes(names, aws),
        Statement(
            sid="LetServicesUseKeys",
            actions=["kms:CreateGrant"],
            resources=[aws.arn("kms", "key/*")],
            # Without kms:GrantIsForAWSResource, which EKS does not send for CreateCluster (EKS user guide, "Encrypt
            # Kubernetes secrets with KMS on existing clusters").
            conditions=ours_or_new,
        ),
        # These services make things with the caller's right to the key: environment variables, tables, secrets.
        Statement(
            sid="UseKeysThroughServices",
            actions=["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            resources=[aws.arn("kms", "key/*")],
            conditions={
                **ours_or_new,
                "StringEquals": {
                    "kms:ViaService": [aws.endpoint(name) for name in ("lambda", "dynamodb", "s3", "secretsmanager")]
                },
            },
        ),
        *existing_keys(names),
        Statement(
            sid="Tables",
            actions=[
                "dynamodb:CreateTable", "dynamodb:DeleteTable", "dynamodb:TagResource", "dynamodb:UntagResource",
                "dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive",
            ],
            resources=[aws.arn("dynamodb", f"table/{names.prefix}-*")],
        ),
        Statement(
            sid="SecretsWithoutTheirValues",
            actions=[
                "secretsmanager:CreateSecret", "secretsmanager:DeleteResourcePolicy", "secretsmanager:DeleteSecret",
                "secretsmanager:PutResourcePolicy", "secretsmanager:TagResource", "secretsmanager:UntagResource",
                "secretsmanager:UpdateSecret",
            ],
            resources=[aws.arn("secretsmanager", f"secret:{names.prefix}*")],
        ),
        Statement(
            sid="LogGroups",
            actions=[
                "logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy",
                "logs:DisassociateKmsKey", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
            ],
            resources=log_group_arns(names),
        ),
        Statement(
            sid="LogDeliveries",
            actions=[
                "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:GetLogDelivery", "logs:ListLogDeliveries",
                "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
            ],
            resources=["*"],
            any_resource_because=ACTIONS_WITHOUT_RESOURCES,
        ),
    ]  # fmt: skip


def service_writes(names: Names) -> list[Statement]:
    """Statements for the role that applies: what the services run on."""
    aws = names.aws
    return [
        Statement(
            sid="Alarms",
            actions=[
                "cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard",
                "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource",
            ],
            resources=alarm_arns(names),
        ),
        Statement(
            sid="Functions",
            actions=[
                "lambda:AddPermission", "lambda:CreateAlias", "lambda:CreateFunction", "lambda:DeleteAlias",
                "lambda:DeleteFunction", "lambda:DeleteFunctionConcurrency",
                "lambda:DeleteProvisionedConcurrencyConfig", "lambda:PublishVersion",
                "lambda:PutFunctionCodeSigningConfig", "lambda:PutFunctionConcurrency",
                "lambda:PutProvisionedConcurrencyConfig", "lambda:RemovePermission", "lambda:TagResource",
                "lambda:UntagResource", "lambda:UpdateAlias", "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
            ],
            resources=[aws.arn("lambda", f"function:{names.prefix}-*")],
        ),
        Statement(
            sid="Apis",
            actions=[
                "apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT",
                "apigateway:SetWebACL", "apigateway:UpdateRestApiPolicy",
            ],
            resources=api_arns(names),
        ),
        Statement(
            sid="Names",
            actions=[
                "acm:AddTagsToCertificate", "acm:DeleteCertificate", "acm:RemoveTagsFromCertificate",
                "route53:AssociateVPCWithHostedZone", "route53:ChangeResourceRecordSets",
                "route53:ChangeTagsForResource", "route53:DeleteHostedZone", "route53:UpdateHostedZoneComment",
            ],
            resources=[aws.arn("acm", "certificate/*"), aws.arn("route53", "hostedzone/*", region="", account="")],
        ),
        Statement(
            sid="MakeNames",
            actions=["acm:RequestCertificate", "route53:CreateHostedZone"],
            resources=["*"],
            any_resource_because=IDS_ARE_UNKNOWN,
        ),
        Statement(
            sid="Cluster",
            actions=[
                "eks:AssociateAccessPolicy", "eks:AssociateEncryptionConfig", "eks:CreateAccessEntry",
                "eks:CreateAddon", "eks:CreateCluster", "eks:CreateFargateProfile", "eks:CreateNodegroup",
                "eks:CreatePodIdentityAssociation", "eks:Delete*", "eks:DisassociateAccessPolicy", "eks:TagResource",
                "eks:UntagResource", "eks:Update*",
            ],
            resources=cluster_arns(names),
        ),
        Statement(
            sid="DatabaseSubnets",
            actions=[
                "rds:AddTagsToResource", "rds:CreateDBSubnetGroup", "rds:DeleteDBSubnetGroup",
                "rds:ModifyDBSubnetGroup", "rds:RemoveTagsFromResource",
            ],
            resources=[aws.arn("rds", f"subgrp:{names.prefix}-*")],
        ),
        Statement(
            sid="WebAcl",
            actions=[
                "wafv2:AssociateWebACL", "wafv2:CreateWebACL", "wafv2:DeleteLoggingConfiguration",
                "wafv2:DeleteWebACL", "wafv2:DisassociateWebACL", "wafv2:PutLoggingConfiguration",
                "wafv2:TagResource", "wafv2:UntagResource", "wafv2:UpdateWebACL",
            ],
            resources=[
                aws.arn("wafv2", f"regional/webacl/{names.prefix}-*/*"),
                aws.arn("wafv2", "regional/managedruleset/*/*"),
                api_arn(aws, "/restapis/*"),
            ],
        ),
    ]  # fmt: skip


def signing_writes(names: Names, profile_arns: Sequence[str]) -> list[Statement]:
    """Statements for functions whose code is signed; profiles are named with their version."""
    profiles = [arn.rsplit("/", 1)[0] for arn in profile_arns]
    code = names.aws.bucket_arn(names.bucket("code"))
    # Destroying a disposable bucket empties it first, version by version.
    emptying = [] if names.aws.protect else ["s3:DeleteObjectVersion", "s3:ListBucketVersions"]
    return [
        Statement(
            sid="SignCode", actions=["signer:GetSigningProfile", "signer:StartSigningJob"], resources=profiles
        ),
        Statement(
            sid="CodeBucket",
            actions=["s3:DeleteObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectTagging", *emptying],
            resources=[code, f"{code}/*"] if emptying else [f"{code}/*"],
        ),
        Statement(
            sid="OnlySignedCode",
            actions=[
                "lambda:CreateCodeSigningConfig", "lambda:DeleteCodeSigningConfig", "lambda:TagResource",
                "lambda:UpdateCodeSigningConfig",
            ],
            resources=[names.aws.arn("lambda", "code-signing-config:*")],
        ),
    ]  # fmt: skip


def runner_writes(names: Names, connection_arn: str) -> list[Statement]:
    """Statements for the `runners` stack."""
    return [
        Statement(
            sid="Runners",
            actions=[
                "codebuild:CreateProject", "codebuild:CreateWebhook", "codebuild:DeleteProject",
                "codebuild:DeleteWebhook", "codebuild:UpdateProject", "codebuild:UpdateWebhook",
            ],
            resources=[names.aws.arn("codebuild", f"project/{names.prefix}-*")],
        ),
        Statement(
            sid="RunnersReachGithub",
            actions=[
                "codeconnections:GetConnection", "codeconnections:GetConnectionToken",
                "codeconnections:PassConnection", "codeconnections:UseConnection",
            ],
            resources=[connection_arn],
        ),
    ]  # fmt: skip
