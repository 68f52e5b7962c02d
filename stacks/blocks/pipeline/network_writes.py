"""What an apply may change of EC2's network, where AWS chooses the names: tags say what is the environment's."""

from __future__ import annotations

from stacks.blocks.iam.policy_document import Statement
from stacks.values import Names


def network_writes(names: Names) -> list[Statement]:
    """Statements for EC2's network: made with the environment's tag, deleted only with it."""
    aws, environment = names.aws, names.environment.name
    # Images and their snapshots belong to AWS.
    images = [aws.arn("ec2", f"{kind}/*", account="") for kind in ("image", "snapshot")]
    flow_logs = aws.bucket_arn(names.bucket("flow-logs"))
    # Destroying a disposable bucket empties it first, version by version.
    emptied = names.environment.network.flow_logs == "s3" and not aws.protect
    emptying = Statement(
        sid="EmptyFlowLogs",
        actions=["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"],
        resources=[flow_logs, f"{flow_logs}/*"],
    )
    return [
        *([emptying] if emptied else []),
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
            resources=[aws.arn("ec2", "*/*"), *images],
        ),
        Statement(
            sid="TagNetwork",
            actions=["ec2:CreateTags"],
            resources=[aws.arn("ec2", "*/*")],
            # What is being made, and defaults, have none; nobody else's network becomes ours by a tag.
            conditions={"StringEqualsIfExists": {"aws:ResourceTag/environment": environment}},
        ),
        Statement(
            sid="ChangeNetwork",
            actions=[
                # The default route table and security group are emptied before they carry our tag.
                "ec2:DeleteRoute", "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
                "ec2:ReplaceRoute", "ec2:ReplaceRouteTableAssociation", "ec2:DisassociateRouteTable",
                "ec2:DisassociateAddress",
            ],
            resources=[aws.arn("ec2", "*/*")],
        ),
        Statement(
            sid="RemoveLeftInterfaces",
            # Those of Lambda and EKS have no tag of the environment, and keep subnet and group from being deleted.
            actions=["ec2:DeleteNetworkInterface", "ec2:DetachNetworkInterface"],
            resources=[aws.arn("ec2", "*/*")],
            conditions={"StringEqualsIfExists": {"aws:ResourceTag/environment": environment}},
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
            resources=[aws.arn("ec2", "*/*")],
            conditions={"StringEquals": {"aws:ResourceTag/environment": environment}},
        ),
    ]  # fmt: skip
