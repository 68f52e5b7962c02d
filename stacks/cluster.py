"""EKS: control plane, nodes, Fargate profiles, add-ons, and who may use it."""

from __future__ import annotations

from cdktf import ITerraformDependable
from constructs import Construct

from groundwork.platform import PipelineRole
from stacks.blocks.cluster import cluster_rules
from stacks.blocks.cluster.cluster_access import ClusterAccess
from stacks.blocks.cluster.cluster_security_groups import ClusterSecurityGroups
from stacks.blocks.cluster.eks_addons import EksAddons
from stacks.blocks.cluster.eks_cluster import ControlPlane
from stacks.blocks.cluster.fargate_profile import Fargate, FargateRole
from stacks.blocks.cluster.image_cache import ImageCache, import_images
from stacks.blocks.cluster.karpenter_controller import KarpenterController
from stacks.blocks.cluster.karpenter_interruptions import KarpenterInterruptions
from stacks.blocks.cluster.karpenter_nodes import KarpenterNodes
from stacks.blocks.cluster.node_group import ManagedNodes, NodeRole
from stacks.blocks.iam.service_role import ServiceRole
from stacks.network import NetworkStack
from stacks.platform_stack import PlatformStack
from stacks.values import Environment
from stacks.values.cluster import AccessEntry


class ClusterStack(PlatformStack):
    """The cluster and what it runs on. Later stacks read `control_plane` (name, endpoint, certificate authority) and
    `security_groups.nodes`, from which pods come.
    """

    def __init__(self, scope: Construct, environment: Environment, *, network: NetworkStack) -> None:
        super().__init__(scope, environment, "cluster")
        values = environment.cluster
        cluster_rules.check(values, runner=environment.runner)
        cluster_rules.check_image_cache(self.names)
        cluster_rules.check_karpenter(environment)
        self.security_groups = ClusterSecurityGroups(
            self, "security_groups", vpc_id=network.vpc_id, vpc_cidr=network.vpc_cidr, cluster_name=self.names.cluster
        )
        auto_mode = values.nodes == "auto_mode"
        self.control_plane = ControlPlane(
            self,
            "control_plane",
            names=self.names,
            values=values,
            # Nodes of Auto Mode start in the cluster's own subnets, and pull images from there.
            subnet_ids=network.private_subnet_ids if auto_mode else network.intra_subnet_ids,
            security_group_ids=[self.security_groups.control_plane.id],
            auto_nodes=self._node_role(join_policy="AmazonEKSWorkerNodeMinimalPolicy") if auto_mode else None,
        )
        if values.image_cache:
            self.image_cache = ImageCache(
                self,
                "image_cache",
                names=self.names,
                existing_key=environment.keys.registries,
                images_kept=environment.delivery.images_kept,
                # Of no stack: no state knows these repositories, and `gw recover` must not miss them in one.
                tags={**self.default_tags, "stack": "image-cache"},
            )
        # A reference, so that everything below waits for the cluster.
        cluster_name: str = self.control_plane.cluster.name
        for name, entry in {**values.access, **self._pipeline()}.items():
            ClusterAccess(self, f"access_{name}", values=entry, cluster_name=cluster_name, aws=self.aws)
        addons = EksAddons(
            self,
            "addons",
            names=self.names,
            cluster_name=cluster_name,
            cluster_arn=self.control_plane.cluster_arn,
            versions=values.installed_addons,
            has_nodes=auto_mode or bool(values.node_groups),
            prefix_delegation=values.prefix_delegation,
            tags=self.default_tags,
        )
        before = addons.before_nodes()
        compute = [
            *self._nodes(network, cluster_name, before),
            *self._fargate(network, cluster_name),
        ]
        addons.after_nodes(compute)
        if values.nodes == "karpenter":
            self._karpenter(network, cluster_name)
        self.add_outputs(cluster_name=cluster_name)

    def _pipeline(self) -> dict[str, AccessEntry]:
        """The pipeline's roles, unless a value says otherwise of one: nobody gets in without an entry.

        Plans read what Helm wrote down of its releases, which are ConfigMaps and not Secrets for that reason.
        """
        if not self.environment.singletons.github_repository:
            return {}
        policies: dict[PipelineRole, str] = {"plan-pull-request": "view", "plan": "view", "apply": "cluster_admin"}
        entries = {
            f"pipeline_{role.replace('-', '_')}": AccessEntry.model_validate(
                {"principal_arn": self.names.delivery_role_arn(role), "policy": policy}
            )
            for role, policy in policies.items()
        }
        named = {entry.principal_arn for entry in self.environment.cluster.access.values()}
        return {name: entry for name, entry in entries.items() if entry.principal_arn not in named}

    def _node_role(self, *, join_policy: str) -> NodeRole:
        role = NodeRole(self, "node_role", names=self.names, name=self.names.of("nodes"), join_policy=join_policy)
        self._may_import(role.role)
        return role

    def _may_import(self, role: ServiceRole) -> None:
        """Let a role that pulls images pull them through the cache."""
        if statements := import_images(self.names):
            role.allow("image-cache", *statements)

    def _nodes(
        self, network: NetworkStack, cluster_name: str, before: list[ITerraformDependable]
    ) -> list[ITerraformDependable]:
        values = self.environment.cluster
        if not values.managed_groups:
            return []
        role = self._node_role(join_policy="AmazonEKSWorkerNodePolicy")
        return [
            ManagedNodes(
                self,
                f"nodes_{name}",
                name=name,
                values=group,
                cluster_name=cluster_name,
                version=values.version,
                role=role,
                subnet_ids=network.private_subnet_ids,
                security_group_id=self.security_groups.nodes.id,
                after=before,
                tags=self.default_tags,
            ).group
            for name, group in values.managed_groups.items()
        ]

    def _karpenter(self, network: NetworkStack, cluster_name: str) -> None:
        """What Karpenter needs in AWS; its releases are in the stack `addons`."""
        nodes = KarpenterNodes(self, "karpenter_nodes", names=self.names, cluster_name=cluster_name)
        self._may_import(nodes.node_role.role)
        KarpenterController(
            self,
            "karpenter",
            names=self.names,
            cluster_name=cluster_name,
            cluster_arn=self.control_plane.cluster_arn,
            subnet_ids=network.private_subnet_ids,
            security_group_id=self.security_groups.nodes.id,
            queue_arn=KarpenterInterruptions(self, "karpenter_interruptions", names=self.names).arn,
        )

    def _fargate(self, network: NetworkStack, cluster_name: str) -> list[ITerraformDependable]:
        profiles = self.environment.cluster.fargate_profiles
        if profiles or self.environment.cluster.nodes == "auto_mode":
            self.security_groups.join_own_group(self.control_plane.security_group_id)
        if not profiles:
            return []
        role = FargateRole(self, "fargate_role", names=self.names)
        self._may_import(role.role)
        return [
            Fargate(
                self,
                f"fargate_{name}",
                name=name,
                values=profile,
                cluster_name=cluster_name,
                role=role,
                subnet_ids=network.private_subnet_ids,
            ).profile
            for name, profile in profiles.items()
        ]
