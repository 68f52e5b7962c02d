"""EKS control plane: private, secrets encrypted, logs complete, access only by entries that are written down."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.eks_cluster import (
    EksCluster,
    EksClusterAccessConfig,
    EksClusterComputeConfig,
    EksClusterEncryptionConfig,
    EksClusterEncryptionConfigProvider,
    EksClusterKubernetesNetworkConfig,
    EksClusterKubernetesNetworkConfigElasticLoadBalancing,
    EksClusterStorageConfig,
    EksClusterStorageConfigBlockStorage,
    EksClusterUpgradePolicy,
    EksClusterVpcConfig,
)
from constructs import Construct

from stacks.blocks.cluster.node_group import NodeRole
from stacks.blocks.iam.service_role import ServiceRole
from stacks.blocks.observability.log_group import LogGroup
from stacks.blocks.security.encryption_key import logs_key_use, make_or_use
from stacks.blocks.waivers import waive
from stacks.values import Names
from stacks.values.cluster import Cluster

_NEWEST_THAT_CHECKOV_KNOWS = 33
"""Minor version of Kubernetes up to which the pinned checkov lists versions (CKV_AWS_339)."""
# EKS user guide, "Amazon EKS Auto Mode cluster IAM role": for instances, volumes, load balancers, network interfaces.
_AUTO_MODE_POLICIES = (
    "AmazonEKSComputePolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
)
LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


class ControlPlane(Construct):
    """The cluster with its role, key and log group, its interfaces in `subnet_ids` behind `security_group_ids`.

    With `auto_nodes`, EKS Auto Mode makes nodes with that role, in `subnet_ids`. The log group is made before the
    cluster, which would otherwise make an unencrypted one that lasts for ever.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        values: Cluster,
        subnet_ids: Sequence[str],
        security_group_ids: Sequence[str],
        auto_nodes: NodeRole | None = None,
    ) -> None:
        super().__init__(scope, id_)
        aws = names.aws
        self.name = names.cluster
        self.cluster_arn = aws.arn("eks", f"cluster/{self.name}")
        log_group = f"/aws/eks/{self.name}/cluster"
        self.key = make_or_use(
            self,
            "key",
            existing=values.key_arn,
            aws=aws,
            alias=names.alias("cluster"),
            description=f"Kubernetes secrets and control-plane logs of {self.name}",
            statements=[logs_key_use(aws, log_group)],
        )
        self.logs = LogGroup(self, "logs", name=log_group, key=self.key, retention_days=values.log_days)
        self.role = ServiceRole(
            self,
            "role",
            name=names.of("cluster"),
            description=f"Control plane of {self.name}",
            service="eks.amazonaws.com",
            source_account=aws.account,
            source_arns=[self.cluster_arn],
            trust_actions=("sts:AssumeRole", "sts:TagSession") if auto_nodes else ("sts:AssumeRole",),
        )
        # The policy that EKS requires of a cluster role (EKS user guide, "Cluster IAM role").
        permissions = [self.role.attach("policy", aws.managed_policy_arn("AmazonEKSClusterPolicy"))]
        if auto_nodes:
            permissions += [self.role.attach(name, aws.managed_policy_arn(name)) for name in _AUTO_MODE_POLICIES]
        self.cluster = EksCluster(
            self,
            "cluster",
            name=self.name,
            version=values.version,
            role_arn=self.role.arn,
            enabled_cluster_log_types=list(LOG_TYPES),
            # Add-ons are ours, pinned and configured: EKS must not put unmanaged ones there first.
            bootstrap_self_managed_addons=False,
            vpc_config=EksClusterVpcConfig(
                subnet_ids=list(subnet_ids),
                security_group_ids=list(security_group_ids),
                endpoint_private_access=True,
                endpoint_public_access=bool(values.public_endpoint_cidrs),
                public_access_cidrs=list(values.public_endpoint_cidrs) or None,
            ),
            access_config=EksClusterAccessConfig(
                authentication_mode="API", bootstrap_cluster_creator_admin_permissions=False
            ),
            encryption_config=EksClusterEncryptionConfig(
                provider=EksClusterEncryptionConfigProvider(key_arn=self.key.arn), resources=["secrets"]
            ),
            kubernetes_network_config=EksClusterKubernetesNetworkConfig(
                ip_family="ipv4",
                elastic_load_balancing=(
                    EksClusterKubernetesNetworkConfigElasticLoadBalancing(enabled=True) if auto_nodes else None
                ),
            ),
            # EKS takes these two and load balancing together or not at all.
            compute_config=(
                EksClusterComputeConfig(
                    enabled=True, node_pools=["general-purpose", "system"], node_role_arn=auto_nodes.role.arn
                )
                if auto_nodes
                else None
            ),
            storage_config=(
                EksClusterStorageConfig(block_storage=EksClusterStorageConfigBlockStorage(enabled=True))
                if auto_nodes
                else None
            ),
            # EXTENDED, AWS's default, silently costs six times as much once a version is out of standard support.
            upgrade_policy=EksClusterUpgradePolicy(support_type="STANDARD"),
            # Provider 5.100.0 does not know EKS's own deletion protection.
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if aws.protect else None,
            depends_on=[*permissions, *(auto_nodes.permissions if auto_nodes else ()), self.logs.group],
        )
        if int(values.version.removeprefix("1.")) > _NEWEST_THAT_CHECKOV_KNOWS:
            waive(
                self.cluster,
                "CKV_AWS_339",
                reason="checkov's own list of versions ends earlier; GW_SUPPORT_ENDS compares with AWS's dates.",
            )
        if values.public_endpoint_cidrs:
            waive(
                self.cluster,
                "CKV_AWS_39",
                reason="Runners outside the VPC release to this cluster; only ranges named in the environment get in.",
            )

    @property
    def endpoint(self) -> str:
        """URL of the API server."""
        endpoint: str = self.cluster.endpoint
        return endpoint

    @property
    def certificate_authority(self) -> str:
        """The API server's certificate authority, base64."""
        data: str = self.cluster.certificate_authority.get(0).data
        return data

    @property
    def security_group_id(self) -> str:
        """The group EKS makes by itself; pods on Fargate and nodes of Auto Mode carry it."""
        group: str = self.cluster.vpc_config.cluster_security_group_id
        return group
