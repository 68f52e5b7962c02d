"""What a plan has to read to refresh our resources: settings, never data.

Nothing here returns an object, an item, a secret's value, a parameter, a log line or an image. Source: service
authorization reference; per resource type the calls that the AWS provider's Read makes.
"""

from __future__ import annotations

from stacks.blocks.iam.policy_document import Statement
from stacks.blocks.pipeline.pipeline_resources import (
    ACTIONS_WITHOUT_RESOURCES,
    alarm_arns,
    api_arn,
    api_arns,
    bucket_arns,
    cluster_arns,
    log_group_arns,
)
from stacks.values import Names

BUCKET_READS = (
    "s3:ListBucket", "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLocation",
    "s3:GetBucketLogging", "s3:GetBucketNotification", "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning", "s3:GetBucketWebsite",
    "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration",
)  # fmt: skip
KEY_READS = ("kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags")
_LAMBDA = (
    "lambda:GetAlias",
    # Answers with a link to the zip as well, which the provider needs the rest of; our zips hold no secrets.
    "lambda:GetFunction",
    "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionConcurrency", "lambda:GetFunctionConfiguration",
    "lambda:GetPolicy", "lambda:GetProvisionedConcurrencyConfig", "lambda:GetRuntimeManagementConfig",
    "lambda:ListTags", "lambda:ListVersionsByFunction",
)  # fmt: skip
_LISTING = (
    "acm:ListCertificates", "cloudtrail:DescribeTrails", "codebuild:ListProjects",
    "dynamodb:ListTables", "ec2:Describe*", "ec2:GetEbsDefaultKmsKeyId", "ec2:GetEbsEncryptionByDefault",
    "ec2:GetManagedPrefixListEntries", "ec2:GetSnapshotBlockPublicAccessState", "ecr:DescribeRegistry",
    "eks:DescribeAddonVersions", "guardduty:ListDetectors", "iam:GetAccountPasswordPolicy", "kms:ListAliases",
    "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "rds:DescribeDBSubnetGroups",
    "route53:ListHostedZones", "tag:GetResources",
)  # fmt: skip


def base_reads(names: Names) -> list[Statement]:
    """Statements for every role that plans: what every stack is made of."""
    aws = names.aws
    return [
        Statement(
            sid="List", actions=_LISTING, resources=["*"], any_resource_because=ACTIONS_WITHOUT_RESOURCES
        ),
        Statement(sid="Buckets", actions=BUCKET_READS, resources=bucket_arns(names)),
        Statement(
            sid="Roles",
            actions=[
                "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies",
                "iam:ListInstanceProfilesForRole", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions",
                "iam:GetOpenIDConnectProvider",
            ],
            resources=[
                aws.iam_arn(f"role/{names.prefix}-*"),
                aws.iam_arn(f"policy/{names.prefix}-*"),
                names.github_oidc_arn,
                aws.managed_policy_arn("*"),
            ],
        ),
        Statement(
            sid="Keys",
            actions=KEY_READS,
            resources=[aws.arn("kms", "key/*", region="*")],
        ),
        Statement(
            sid="Tables",
            actions=[
                "dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive",
                "dynamodb:ListTagsOfResource",
            ],
            resources=[aws.arn("dynamodb", f"table/{names.prefix}-*")],
        ),
        Statement(
            sid="SecretsWithoutTheirValues",
            actions=["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"],
            resources=[aws.arn("secretsmanager", f"secret:{names.prefix}*")],
        ),
        Statement(
            sid="Guards",
            actions=[
                "access-analyzer:GetAnalyzer", "cloudtrail:GetEventSelectors", "cloudtrail:GetInsightSelectors",
                "cloudtrail:GetTrail", "cloudtrail:GetTrailStatus", "cloudtrail:ListTags", "guardduty:GetDetector",
                "guardduty:ListTagsForResource",
            ],
            resources=[
                aws.arn("access-analyzer", f"analyzer/{names.prefix}-*"),
                aws.arn("cloudtrail", f"trail/{names.prefix}-*"),
                aws.arn("guardduty", "detector/*"),
            ],
        ),
        Statement(
            sid="RegistriesAndRunners",
            actions=[
                "ecr:DescribeRepositories", "ecr:GetLifecyclePolicy", "ecr:GetRepositoryPolicy",
                "ecr:ListTagsForResource", "codebuild:BatchGetProjects",
            ],
            resources=[
                aws.arn("ecr", f"repository/{names.prefix}/*"), aws.arn("codebuild", f"project/{names.prefix}-*"),
            ],
        ),
    ]  # fmt: skip


def service_reads(names: Names) -> list[Statement]:
    """Statements for every role that plans: what the services run on."""
    aws = names.aws
    return [
        Statement(
            sid="Functions", actions=_LAMBDA, resources=[aws.arn("lambda", f"function:{names.prefix}-*")]
        ),
        Statement(
            sid="FunctionEnvironments",
            # Without it Lambda leaves the variables out of its answer, and every plan would add them again (Lambda
            # developer guide, "Securing environment variables").
            actions=["kms:Decrypt"],
            resources=_keys_of_the_api(names),
            conditions={
                "StringEquals": {"kms:ViaService": aws.endpoint("lambda")},
                "StringLike": {
                    "kms:EncryptionContext:aws:lambda:FunctionArn": aws.arn("lambda", f"function:{names.prefix}-*")
                },
            },
        ),
        Statement(
            sid="FunctionSigning",
            actions=["lambda:GetCodeSigningConfig", "signer:GetSigningProfile", "signer:ListTagsForResource"],
            resources=[
                aws.arn("lambda", "code-signing-config:*"), aws.arn("signer", f"/signing-profiles/{names.prefix}*"),
                aws.arn("signer", f"/signing-profiles/{names.prefix.replace('-', '_')}*"),
            ],
        ),
        Statement(sid="Apis", actions=["apigateway:GET"], resources=[api_arn(aws, "/account"), *api_arns(names)]),
        Statement(
            sid="Names",
            actions=[
                "acm:DescribeCertificate", "acm:ListTagsForCertificate", "route53:GetChange", "route53:GetHostedZone",
                "route53:ListResourceRecordSets", "route53:ListTagsForResource",
            ],
            resources=[
                aws.arn("acm", "certificate/*"),
                aws.arn("route53", "hostedzone/*", region="", account=""),
                aws.arn("route53", "change/*", region="", account=""),
            ],
        ),
        Statement(
            sid="Logs",
            actions=["logs:DescribeMetricFilters", "logs:ListTagsForResource"],
            resources=log_group_arns(names),
        ),
        Statement(
            sid="Alerts",
            actions=[
                "events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule",
                "sns:GetSubscriptionAttributes", "sns:GetTopicAttributes", "sns:ListTagsForResource",
            ],
            resources=[aws.arn("events", f"rule/{names.prefix}-*"), aws.arn("sns", f"{names.prefix}-*")],
        ),
        Statement(
            sid="Alarms",
            actions=["cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource"],
            resources=alarm_arns(names),
        ),
        Statement(
            sid="Cluster",
            actions=[
                "eks:DescribeAccessEntry", "eks:DescribeAddon", "eks:DescribeCluster", "eks:DescribeFargateProfile",
                "eks:DescribeNodegroup", "eks:DescribePodIdentityAssociation", "eks:DescribeUpdate",
                "eks:ListAssociatedAccessPolicies", "eks:ListPodIdentityAssociations", "eks:ListTagsForResource",
            ],
            resources=cluster_arns(names),
        ),
        Statement(
            sid="DatabaseSubnets",
            actions=["rds:ListTagsForResource"],
            resources=[aws.arn("rds", f"subgrp:{names.prefix}-*")],
        ),
        Statement(
            sid="WebAcl",
            actions=[
                "wafv2:GetLoggingConfiguration", "wafv2:GetWebACL", "wafv2:GetWebACLForResource",
                "wafv2:ListTagsForResource",
            ],
            resources=[
                aws.arn("wafv2", f"regional/webacl/{names.prefix}-*/*"),
                api_arn(aws, "/restapis/*"),
            ],
        ),
    ]  # fmt: skip


def _keys_of_the_api(names: Names) -> list[str]:
    """The one that exists already, or the account's: the id of a new key is not known."""
    return [names.environment.keys.api or names.aws.arn("kms", "key/*")]


def signing_reads(names: Names) -> list[Statement]:
    """Statements for functions whose code is signed: the provider looks at the zips, which hold no secrets."""
    code = names.aws.bucket_arn(names.bucket("code"))
    return [
        Statement(
            sid="CodeObjects",
            actions=["s3:GetObject", "s3:GetObjectTagging"],
            resources=[f"{code}/*"],
        ),
        Statement(
            sid="CodeKey",
            actions=["kms:Decrypt"],
            resources=_keys_of_the_api(names),
            conditions={
                "StringEquals": {"kms:ViaService": names.aws.endpoint("s3")},
                "StringLike": {"kms:EncryptionContext:aws:s3:arn": [code, f"{code}/*"]},
            },
        ),
        Statement(
            sid="SigningJobs",
            actions=["signer:DescribeSigningJob"],
            resources=[names.aws.arn("signer", "/signing-jobs/*")],
        ),
    ]
