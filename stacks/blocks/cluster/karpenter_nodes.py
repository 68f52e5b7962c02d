"""Who the nodes are that Karpenter makes: their role, its instance profile, and their entry to the cluster."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.eks_access_entry import EksAccessEntry
from cdktf_cdktf_provider_aws.iam_instance_profile import IamInstanceProfile
from constructs import Construct

from stacks.blocks.cluster.node_group import NodeRole
from stacks.values import Names


class KarpenterNodes(Construct):
    """The identity of Karpenter's nodes.

    The role is not that of the managed groups: EKS makes the entry of those itself, and takes one entry per principal
    (EKS user guide, "Create access entries"). The instance profile is ours and not Karpenter's, which therefore needs
    no right to change IAM, and leaves nothing behind that would keep the role from being destroyed.
    """

    def __init__(self, scope: Construct, id_: str, *, names: Names, cluster_name: str) -> None:
        super().__init__(scope, id_)
        self.node_role = NodeRole(
            self, "role", names=names, name=names.karpenter_nodes, join_policy="AmazonEKSWorkerNodePolicy"
        )
        self.profile = IamInstanceProfile(
            self, "profile", name=names.karpenter_nodes, role=self.node_role.role.role.name
        )
        self.entry = EksAccessEntry(
            self, "entry", cluster_name=cluster_name, principal_arn=self.node_role.role.arn, type="EC2_LINUX"
        )
