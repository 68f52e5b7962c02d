"""What an apply may change: the services of our stacks, by the environment's names wherever AWS takes names.

Less than the permission boundary allows, never more; what is not here, the pipeline cannot make.
"""

from __future__ import annotations

from collections.abc import Sequence

from stacks.blocks.iam.policy_document import Conditions, Statement
from stacks.blocks.pipeline.pipeline_scope import ACTIONS_WITHOUT_RESOURCES, IDS_ARE_UNKNOWN, PipelineScope

_SERVICES_OF_ROLES = (
    "eks.amazonaws.com", "ec2.amazonaws.com", "lambda.amazonaws.com", "pods.eks.amazonaws.com",
    "eks-fargate-pods.amazonaws.com", "vpc-flow-logs.amazonaws.com", "codebuild.amazonaws.com",
)  # fmt: skip
_SERVICES_WITH_LINKED_ROLES = (
    "eks.amazonaws.com", "eks-nodegroup.amazonaws.com", "eks-fargate.amazonaws.com", "autoscaling.amazonaws.com",
    "elasticloadbalancing.amazonaws.com", "ops.apigateway.amazonaws.com", "wafv2.amazonaws.com", "rds.amazonaws.com",
    "delivery.logs.amazonaws.com",
)  # fmt: skip


def base_writes(scope: PipelineScope) -> list[Statement]:
    """Statements for the role that applies: what every stack is made of."""
    names = scope.names
    ours: Conditions = {"StringEquals": {"aws:ResourceTag/environment": names.environment.name}}
    return [
        Statement(
            sid="Buckets",
            actions=[
                "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketLogging",
                "s3:PutBucketNotification", "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy",
                "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration", "s3:PutReplicationConfiguration",
            ],
            resources=[scope.buckets],
        ),
        Statement(
            sid="MakeKeys",
            actions=["kms:CreateKey", "kms:TagResource"],
            resources=["*"],
            any_resource_because=IDS_ARE_UNKNOWN,
            conditions={
                "StringEquals": {"aws:RequestTag/environment": names.environment.name},
                # Nobody else's key becomes ours by a tag.
                "StringEqualsIfExists": {"aws:ResourceTag/environment": names.environment.name},
            },
        ),
        Statement(
            sid="ChangeOwnKeys",
            actions=[
                "kms:CancelKeyDeletion", "kms:EnableKeyRotation", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion",
                "kms:UntagResource", "kms:UpdateKeyDescription",
            ],
            resources=[scope.arn("kms", "key/*")],
            conditions=ours,
        ),
        Statement(
            sid="NameKeys",
            actions=["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"],
            resources=[scope.arn("kms", f"alias/{names.prefix}-*"), scope.arn("kms", "key/*")],
        ),
        Statement(
            sid="LetServicesUseKeys",
            actions=["kms:CreateGrant"],
            resources=[scope.arn("kms", "key/*")],
            conditions={**ours, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
        # These services make things with the caller's right to the key: environment variables, tables, secrets.
        Statement(
            sid="UseKeysThroughServices",
            actions=["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            resources=[scope.arn("kms", "key/*")],
            conditions={
                "StringEquals": {**ours["StringEquals"], "kms:ViaService": _via(scope)}
            },
        ),
        Statement(
            sid="Tables",
            actions=[
                "dynamodb:CreateTable", "dynamodb:DeleteTable", "dynamodb:TagResource", "dynamodb:UntagResource",
                "dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive",
            ],
            resources=[scope.arn("dynamodb", f"table/{names.prefix}-*")],
        ),
        Statement(
            sid="SecretsWithoutTheirValues",
            actions=[
                "secretsmanager:CreateSecret", "secretsmanager:DeleteResourcePolicy", "secretsmanager:DeleteSecret",
                "secretsmanager:PutResourcePolicy", "secretsmanager:TagResource", "secretsmanager:UntagResource",
                "secretsmanager:UpdateSecret",
            ],
            resources=[scope.arn("secretsmanager", f"secret:{names.prefix}*")],
        ),
        Statement(
            sid="LogGroups",
            actions=[
                "logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy",
                "logs:DisassociateKmsKey", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
            ],
            resources=scope.log_groups,
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


def service_writes(scope: PipelineScope) -> list[Statement]:
    """Statements for the role that applies: what the services run on."""
    names = scope.names
    return [
        Statement(
            sid="Alarms",
            actions=[
                "cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard",
                "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource",
            ],
            resources=scope.alarms,
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
            resources=[scope.arn("lambda", f"function:{names.prefix}-*")],
        ),
        Statement(
            sid="Apis",
            actions=[
                "apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT",
                "apigateway:SetWebACL", "apigateway:UpdateRestApiPolicy",
            ],
            resources=[one for one in scope.apis if not one.endswith("/account")],
        ),
        Statement(
            sid="Names",
            actions=[
                "acm:AddTagsToCertificate", "acm:DeleteCertificate", "acm:RemoveTagsFromCertificate",
                "route53:AssociateVPCWithHostedZone", "route53:ChangeResourceRecordSets",
                "route53:ChangeTagsForResource", "route53:DeleteHostedZone",
            ],
            resources=[scope.arn("acm", "certificate/*"), scope.unowned("route53", "hostedzone/*")],
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
            resources=scope.eks,
        ),
        Statement(
            sid="DatabaseSubnets",
            actions=[
                "rds:AddTagsToResource", "rds:CreateDBSubnetGroup", "rds:DeleteDBSubnetGroup",
                "rds:ModifyDBSubnetGroup", "rds:RemoveTagsFromResource",
            ],
            resources=[scope.arn("rds", f"subgrp:{names.prefix}-*")],
        ),
        Statement(
            sid="WebAcl",
            actions=[
                "wafv2:AssociateWebACL", "wafv2:CreateWebACL", "wafv2:DeleteLoggingConfiguration",
                "wafv2:DeleteWebACL", "wafv2:DisassociateWebACL", "wafv2:PutLoggingConfiguration",
                "wafv2:TagResource", "wafv2:UntagResource", "wafv2:UpdateWebACL",
            ],
            resources=[
                scope.arn("wafv2", f"regional/webacl/{names.prefix}-*/*"),
                scope.arn("wafv2", "regional/managedruleset/*/*"),
                scope.unowned("apigateway", "/restapis/*", regional=True),
            ],
        ),
    ]  # fmt: skip


def network_writes(scope: PipelineScope) -> list[Statement]:
    """Statements for EC2's network: made with the environment's tag, deleted only with it."""
    environment = scope.names.environment.name
    return [
        Statement(
            sid="MakeNetwork",
            actions=[
                "ec2:AllocateAddress", "ec2:AssociateRouteTable", "ec2:AttachInternetGateway",
                "ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateFlowLogs",
                "ec2:CreateInternetGateway", "ec2:CreateLaunchTemplate", "ec2:CreateLaunchTemplateVersion",
                "ec2:CreateNatGateway", "ec2:CreateRoute", "ec2:CreateRouteTable", "ec2:CreateSecurityGroup",
                "ec2:CreateSubnet", "ec2:CreateVpc", "ec2:CreateVpcEndpoint",
                # EKS asks with the caller's rights whether a launch template could start a node.
                "ec2:RunInstances",
            ],
            # Images and their snapshots belong to AWS.
            resources=[scope.arn("ec2", "*/*"), *_shared_images(scope)],
        ),
        Statement(
            sid="TagNetwork",
            actions=["ec2:CreateTags"],
            resources=[scope.arn("ec2", "*/*")],
            # What is being made, and defaults, have none; nobody else's network becomes ours by a tag.
            conditions={"StringEqualsIfExists": {"aws:ResourceTag/environment": environment}},
        ),
        Statement(
            sid="ChangeNetwork",
            actions=[
                # The default route table and security group are emptied before they carry our tag.
                "ec2:DeleteRoute", "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
                "ec2:ReplaceRoute", "ec2:DisassociateRouteTable", "ec2:DisassociateAddress",
            ],
            resources=[scope.arn("ec2", "*/*")],
        ),
        Statement(
            sid="ChangeOwnNetwork",
            actions=[
                "ec2:DeleteFlowLogs", "ec2:DeleteInternetGateway", "ec2:DeleteLaunchTemplate",
                "ec2:DeleteLaunchTemplateVersions", "ec2:DeleteNatGateway", "ec2:DeleteRouteTable",
                "ec2:DeleteSecurityGroup", "ec2:DeleteSubnet", "ec2:DeleteTags", "ec2:DeleteVpc",
                "ec2:DeleteVpcEndpoints", "ec2:DetachInternetGateway", "ec2:ModifyLaunchTemplate",
                "ec2:ModifySecurityGroupRules", "ec2:ModifySubnetAttribute", "ec2:ModifyVpcAttribute",
                "ec2:ModifyVpcEndpoint", "ec2:ReleaseAddress", "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
                "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
            ],
            resources=[scope.arn("ec2", "*/*")],
            conditions={"StringEquals": {"aws:ResourceTag/environment": environment}},
        ),
    ]  # fmt: skip


def role_writes(scope: PipelineScope) -> list[Statement]:
    """Statements for IAM: roles of the environment, which are bounded as the pipeline itself is."""
    names = scope.names
    roles = scope.iam(f"role/{names.prefix}-*")
    bounded = {"StringEquals": {"iam:PermissionsBoundary": names.role_boundary_arn}}
    return [
        Statement(
            sid="BoundedRoles",
            actions=[
                "iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy",
                "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
            ],
            resources=[roles],
            conditions=bounded,
        ),
        Statement(
            sid="Roles",
            actions=[
                "iam:DeleteRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole",
                "iam:UpdateRoleDescription",
            ],
            resources=[roles],
        ),
        Statement(
            sid="HandRolesToServices",
            actions=["iam:PassRole"],
            resources=[roles],
            conditions={"StringEquals": {"iam:PassedToService": _SERVICES_OF_ROLES}},
        ),
        Statement(
            sid="RolesOfServices",
            actions=["iam:CreateServiceLinkedRole"],
            resources=[scope.iam("role/aws-service-role/*")],
            conditions={"StringEquals": {"iam:AWSServiceName": _SERVICES_WITH_LINKED_ROLES}},
        ),
    ]  # fmt: skip


def signing_writes(scope: PipelineScope, profile_arns: Sequence[str]) -> list[Statement]:
    """Statements for functions whose code is signed; profiles are named with their version."""
    profiles = [arn.rsplit("/", 1)[0] for arn in profile_arns]
    return [
        Statement(
            sid="SignCode", actions=["signer:GetSigningProfile", "signer:StartSigningJob"], resources=profiles
        ),
        Statement(
            sid="CodeBucket",
            actions=["s3:DeleteObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectTagging"],
            resources=[f"{scope.unowned('s3', scope.names.bucket('code'))}/*"],
        ),
        Statement(
            sid="OnlySignedCode",
            actions=[
                "lambda:CreateCodeSigningConfig", "lambda:DeleteCodeSigningConfig", "lambda:TagResource",
                "lambda:UpdateCodeSigningConfig",
            ],
            resources=[scope.arn("lambda", "code-signing-config:*")],
        ),
    ]  # fmt: skip


def runner_writes(scope: PipelineScope, connection_arn: str) -> list[Statement]:
    """Statements for the `runners` stack."""
    return [
        Statement(
            sid="Runners",
            actions=[
                "codebuild:CreateProject", "codebuild:CreateWebhook", "codebuild:DeleteProject",
                "codebuild:DeleteWebhook", "codebuild:UpdateProject", "codebuild:UpdateWebhook",
            ],
            resources=[scope.arn("codebuild", f"project/{scope.names.prefix}-*")],
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


def _via(scope: PipelineScope) -> list[str]:
    return [f"{service}.{scope.region}.amazonaws.com" for service in ("lambda", "dynamodb", "s3", "secretsmanager")]


def _shared_images(scope: PipelineScope) -> list[str]:
    return [scope.unowned("ec2", f"{what}/*", regional=True) for what in ("image", "snapshot")]
