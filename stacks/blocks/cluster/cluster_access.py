"""One principal's way into a cluster: an access entry and the policy that goes with it."""

from __future__ import annotations

from typing import Final

from cdktf_cdktf_provider_aws.eks_access_entry import EksAccessEntry
from cdktf_cdktf_provider_aws.eks_access_policy_association import (
    EksAccessPolicyAssociation,
    EksAccessPolicyAssociationAccessScope,
)
from constructs import Construct

from stacks.values import AwsScope
from stacks.values.cluster import AccessEntry

_POLICIES: Final = {
    "cluster_admin": "AmazonEKSClusterAdminPolicy",
    "admin": "AmazonEKSAdminPolicy",
    "edit": "AmazonEKSEditPolicy",
    "view": "AmazonEKSViewPolicy",
}


class ClusterAccess(Construct):
    """Lets one IAM principal use the cluster with an AWS-managed access policy, everywhere or in some namespaces."""

    def __init__(self, scope: Construct, id_: str, *, aws: AwsScope, values: AccessEntry, cluster_name: str) -> None:
        super().__init__(scope, id_)
        self.entry = EksAccessEntry(
            self, "entry", cluster_name=cluster_name, principal_arn=values.principal_arn, type="STANDARD"
        )
        self.policy = EksAccessPolicyAssociation(
            self,
            "policy",
            cluster_name=cluster_name,
            principal_arn=self.entry.principal_arn,
            policy_arn=aws.arn("eks", f"cluster-access-policy/{_POLICIES[values.policy]}", region="", account="aws"),
            access_scope=EksAccessPolicyAssociationAccessScope(
                type="namespace" if values.namespaces else "cluster", namespaces=list(values.namespaces) or None
            ),
        )
