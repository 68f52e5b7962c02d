"""What an apply may change in IAM: roles of the environment, and none that reaches further than the pipeline."""

from __future__ import annotations

from stacks.blocks.iam.policy_document import Statement
from stacks.values import Names

_SERVICES_OF_ROLES = (
    "eks.amazonaws.com", "ec2.amazonaws.com", "lambda.amazonaws.com", "pods.eks.amazonaws.com",
    "eks-fargate-pods.amazonaws.com", "vpc-flow-logs.amazonaws.com", "codebuild.amazonaws.com",
)  # fmt: skip
_SERVICES_WITH_LINKED_ROLES = (
    "eks.amazonaws.com", "eks-nodegroup.amazonaws.com", "eks-fargate.amazonaws.com", "autoscaling.amazonaws.com",
    "elasticloadbalancing.amazonaws.com", "ops.apigateway.amazonaws.com", "wafv2.amazonaws.com", "rds.amazonaws.com",
    "delivery.logs.amazonaws.com",
)  # fmt: skip


def role_writes(names: Names) -> list[Statement]:
    """Statements for IAM: roles of the environment, which are bounded as the pipeline itself is."""
    aws = names.aws
    roles = aws.iam_arn(f"role/{names.prefix}-*")
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
            resources=[aws.iam_arn("role/aws-service-role/*")],
            conditions={"StringEquals": {"iam:AWSServiceName": _SERVICES_WITH_LINKED_ROLES}},
        ),
    ]  # fmt: skip
