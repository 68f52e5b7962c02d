"""What Karpenter's controller may do in AWS: make and end its own nodes, and nothing else.

Source: the policies of Karpenter 1.14 (github.com/aws/karpenter-provider-aws, v1.14.1, cloudformation.yaml of "Getting
Started with Karpenter", and "CloudFormation" in its reference). Narrower than those: only our subnets and our security
group, only EKS's and Bottlerocket's images in SSM, no reserved capacity, no zonal shift, and no change of IAM, because
the instance profile is made by Terraform.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from constructs import Construct

from stacks.blocks.cluster.pod_identity import PodIdentity
from stacks.blocks.iam.policy_document import Conditions, Statement
from stacks.blocks.pipeline.pipeline_resources import ACTIONS_WITHOUT_RESOURCES
from stacks.values import Names

NAMESPACE, SERVICE_ACCOUNT = "kube-system", "karpenter"
"""kube-system, whose requests the API server serves first (Karpenter's documentation, "Getting Started")."""
_MAKE: Final = ("ec2:RunInstances", "ec2:CreateFleet")
_MADE: Final = ("fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request")
_LISTING: Final = (
    "ec2:DescribeCapacityReservations", "ec2:DescribeImages", "ec2:DescribeInstances", "ec2:DescribeInstanceStatus",
    "ec2:DescribeInstanceTypeOfferings", "ec2:DescribeInstanceTypes", "ec2:DescribeLaunchTemplates",
    "ec2:DescribePlacementGroups", "ec2:DescribeSecurityGroups", "ec2:DescribeSpotPriceHistory", "ec2:DescribeSubnets",
)  # fmt: skip


class KarpenterController(Construct):
    """The role of Karpenter's pods, through EKS Pod Identity."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        cluster_name: str,
        cluster_arn: str,
        subnet_ids: Sequence[str],
        security_group_id: str,
        queue_arn: str,
    ) -> None:
        super().__init__(scope, id_)
        self.identity = PodIdentity(
            self,
            "identity",
            names=names,
            name="karpenter",
            cluster_name=cluster_name,
            cluster_arn=cluster_arn,
            namespace=NAMESPACE,
            service_account=SERVICE_ACCOUNT,
        )
        role = self.identity.role
        role.allow("nodes", *_nodes(names, subnet_ids=subnet_ids, security_group_id=security_group_id))
        role.allow("surroundings", *_surroundings(names, queue_arn=queue_arn))


def _nodes(names: Names, *, subnet_ids: Sequence[str], security_group_id: str) -> list[Statement]:
    aws, cluster = names.aws, names.cluster
    made = [aws.arn("ec2", f"{kind}/*") for kind in _MADE]
    owned, pool = f"kubernetes.io/cluster/{cluster}", "karpenter.sh/nodepool"
    own: Conditions = {
        "StringEquals": {f"aws:ResourceTag/{owned}": "owned"},
        "StringLike": {f"aws:ResourceTag/{pool}": "*"},
    }
    becomes_own = {f"aws:RequestTag/{owned}": "owned", "aws:RequestTag/eks:eks-cluster-name": cluster}
    of_a_pool = {f"aws:RequestTag/{pool}": "*"}
    return [
        Statement(
            sid="StartFrom",
            actions=_MAKE,
            resources=[
                # Images and their snapshots belong to AWS, the subnets of a shared VPC to its owner.
                *(aws.arn("ec2", f"{kind}/*", account="") for kind in ("image", "snapshot")),
                *(aws.arn("ec2", f"subnet/{subnet}", account="*") for subnet in subnet_ids),
                aws.arn("ec2", f"security-group/{security_group_id}", account="*"),
            ],
        ),
        Statement(
            sid="StartFromOwnTemplates",
            actions=_MAKE,
            resources=[aws.arn("ec2", "launch-template/*")],
            conditions=own,
        ),
        Statement(
            sid="MakeNodes",
            actions=[*_MAKE, "ec2:CreateLaunchTemplate"],
            resources=made,
            conditions={"StringEquals": becomes_own, "StringLike": of_a_pool},
        ),
        Statement(
            sid="TagWhatIsMade",
            actions=["ec2:CreateTags"],
            resources=made,
            conditions={
                "StringEquals": {
                    **becomes_own,
                    "ec2:CreateAction": ["RunInstances", "CreateFleet", "CreateLaunchTemplate"],
                },
                "StringLike": of_a_pool,
            },
        ),
        Statement(
            sid="NameOwnNodes",
            actions=["ec2:CreateTags"],
            resources=[aws.arn("ec2", "instance/*")],
            conditions={
                **own,
                "StringEqualsIfExists": {"aws:RequestTag/eks:eks-cluster-name": cluster},
                "ForAllValues:StringEquals": {
                    "aws:TagKeys": ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"]
                },
            },
        ),
        Statement(
            sid="EndOwnNodes",
            actions=["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"],
            resources=[aws.arn("ec2", f"{kind}/*") for kind in ("instance", "launch-template")],
            conditions=own,
        ),
        Statement(
            sid="GiveNodesTheirRole",
            actions=["iam:PassRole"],
            resources=[aws.iam_arn(f"role/{names.karpenter_nodes}")],
            conditions={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
        ),
    ]


def _surroundings(names: Names, *, queue_arn: str) -> list[Statement]:
    aws = names.aws
    return [
        Statement(
            sid="ListWhatEc2Has",
            actions=_LISTING,
            resources=["*"],
            any_resource_because=ACTIONS_WITHOUT_RESOURCES,
            conditions={"StringEquals": {"aws:RequestedRegion": aws.region}},
        ),
        Statement(
            sid="ReadPrices",
            actions=["pricing:GetProducts"],
            resources=["*"],
            any_resource_because="AWS's price list knows no resources, and is public",
        ),
        Statement(
            sid="ReadImageIds",
            actions=["ssm:GetParameter"],
            resources=[
                aws.arn("ssm", f"parameter/aws/service/{path}/*", account="")
                for path in ("eks/optimized-ami", "bottlerocket")
            ],
        ),
        # With an instance profile from Terraform it makes none, but looks for its own before it lets an EC2NodeClass go
        # (v1.14.1, pkg/controllers/nodeclass/controller.go, finalize): denied, the environment could not be destroyed.
        Statement(
            sid="LookForOwnProfiles",
            actions=["iam:ListInstanceProfiles"],
            resources=["*"],
            any_resource_because="Karpenter lists by path, and IAM offers no resource for that action",
        ),
        Statement(
            sid="LookForOldProfile",
            actions=["iam:GetInstanceProfile"],
            resources=[aws.iam_arn(f"instance-profile/{names.cluster}_*")],
        ),
        Statement(
            sid="FindCluster", actions=["eks:DescribeCluster"], resources=[aws.arn("eks", f"cluster/{names.cluster}")]
        ),
        Statement(
            sid="ReadInterruptions",
            actions=["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"],
            resources=[queue_arn],
        ),
    ]
