"""Pods without nodes: one execution role for all Fargate profiles, and a profile each."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.eks_fargate_profile import EksFargateProfile, EksFargateProfileSelector
from constructs import Construct

from stacks.blocks.iam.service_role import ServiceRole
from stacks.values import Names
from stacks.values.cluster import FargateProfile


class FargateRole(Construct):
    """The role with which Fargate pulls images and registers pods of this cluster and no other."""

    def __init__(self, scope: Construct, id_: str, *, names: Names) -> None:
        super().__init__(scope, id_)
        aws = names.aws
        self.role = ServiceRole(
            self,
            "role",
            name=names.of("fargate"),
            description=f"Fargate pods of {names.cluster}: pull images and join the cluster",
            service="eks-fargate-pods.amazonaws.com",
            source_account=aws.account,
            source_arns=[aws.arn("eks", f"fargateprofile/{names.cluster}/*")],
        )
        self.permission = self.role.attach("execute", aws.managed_policy_arn("AmazonEKSFargatePodExecutionRolePolicy"))


class Fargate(Construct):
    """A profile: pods of one namespace, narrowed by labels where given, run on Fargate in private subnets."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        values: FargateProfile,
        cluster_name: str,
        role: FargateRole,
        subnet_ids: Sequence[str],
    ) -> None:
        super().__init__(scope, id_)
        self.profile = EksFargateProfile(
            self,
            "profile",
            cluster_name=cluster_name,
            fargate_profile_name=name,
            pod_execution_role_arn=role.role.arn,
            subnet_ids=list(subnet_ids),
            selector=[EksFargateProfileSelector(namespace=values.namespace, labels=dict(values.labels) or None)],
            depends_on=[role.permission],
        )
