"""An IAM role for one Kubernetes service account, without keys and without an OIDC provider."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.eks_pod_identity_association import EksPodIdentityAssociation
from constructs import Construct

from stacks.blocks.iam.service_role import ServiceRole
from stacks.values import Names


class PodIdentity(Construct):
    """A role that only pods of `service_account` in `namespace` of this cluster get, through EKS Pod Identity.

    `name` makes the role's name. Add permissions to `role` with `allow` or `attach`. The cluster needs the add-on
    eks-pod-identity-agent.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        name: str,
        cluster_name: str,
        cluster_arn: str,
        namespace: str,
        service_account: str,
    ) -> None:
        super().__init__(scope, id_)
        self.role = ServiceRole(
            self,
            "role",
            name=names.of(name),
            description=f"Service account {namespace}/{service_account} of {names.cluster}",
            service="pods.eks.amazonaws.com",
            source_account=names.aws.account,
            source_arns=[cluster_arn],
            # Pod Identity tags each session with cluster, namespace and pod, for policies to refer to.
            trust_actions=["sts:AssumeRole", "sts:TagSession"],
        )
        self.association = EksPodIdentityAssociation(
            self,
            "association",
            cluster_name=cluster_name,
            namespace=namespace,
            service_account=service_account,
            role_arn=self.role.arn,
        )
