"""Managed nodes: one role for all groups; a launch template and a group each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from cdktf import ITerraformDependable, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.eks_node_group import (
    EksNodeGroup,
    EksNodeGroupLaunchTemplate,
    EksNodeGroupNodeRepairConfig,
    EksNodeGroupScalingConfig,
    EksNodeGroupTaint,
    EksNodeGroupUpdateConfig,
)
from cdktf_cdktf_provider_aws.launch_template import (
    LaunchTemplate,
    LaunchTemplateBlockDeviceMappings,
    LaunchTemplateBlockDeviceMappingsEbs,
    LaunchTemplateMetadataOptions,
    LaunchTemplateMonitoring,
    LaunchTemplateTagSpecifications,
)
from constructs import Construct

from stacks.blocks.iam.service_role import ServiceRole
from stacks.values import Names
from stacks.values.cluster import NodeGroup

# What EKS calls the images of an operating system and an architecture (EKS API reference, Nodegroup.amiType).
_AMI_TYPES: Final = {
    ("al2023", "arm64"): "AL2023_ARM_64_STANDARD",
    ("al2023", "x86_64"): "AL2023_x86_64_STANDARD",
    ("bottlerocket", "arm64"): "BOTTLEROCKET_ARM_64",
    ("bottlerocket", "x86_64"): "BOTTLEROCKET_x86_64",
}
# Where images and pods live: Bottlerocket keeps its own, read-only system on a first disk.
_DATA_DISK: Final = {"al2023": "/dev/xvda", "bottlerocket": "/dev/xvdb"}


class NodeRole(Construct):
    """The role of nodes, called `name`: join the cluster (`join_policy`, an AWS-managed policy) and pull images.

    Networking and storage have roles of their own through Pod Identity. There is no Session Manager: whoever needs a
    shell on a node uses `kubectl debug`, which access entries and the audit log cover.
    """

    def __init__(self, scope: Construct, id_: str, *, names: Names, name: str, join_policy: str) -> None:
        super().__init__(scope, id_)
        self.role = ServiceRole(
            self,
            "role",
            name=name,
            description=f"Nodes of {names.cluster}: join the cluster and pull images",
            service="ec2.amazonaws.com",
            source_account=None,
        )
        self.permissions: Sequence[ITerraformDependable] = [
            self.role.attach("join", names.aws.managed_policy_arn(join_policy)),
            self.role.attach("pull", names.aws.managed_policy_arn("AmazonEC2ContainerRegistryPullOnly")),
        ]


class ManagedNodes(Construct):
    """A managed node group over `subnet_ids`; a third of it at most is replaced at a time.

    `after` are what nodes need to become ready: the add-ons for networking, and the role's permissions. `tags` are for
    instances, disks and network interfaces, which EC2 makes from the launch template, without the provider's tags.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        values: NodeGroup,
        cluster_name: str,
        version: str,
        role: NodeRole,
        subnet_ids: Sequence[str],
        security_group_id: str,
        after: Sequence[ITerraformDependable],
        tags: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id_)
        full_name = f"{cluster_name}-{name}"
        self.template = LaunchTemplate(
            self,
            "template",
            name=full_name,
            update_default_version=True,
            vpc_security_group_ids=[security_group_id],
            # One hop: a pod that is not on the host's network cannot borrow the node's role.
            metadata_options=LaunchTemplateMetadataOptions(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            block_device_mappings=[
                LaunchTemplateBlockDeviceMappings(
                    device_name=_DATA_DISK[values.image],
                    ebs=LaunchTemplateBlockDeviceMappingsEbs(
                        volume_type="gp3",
                        volume_size=values.disk_gib,
                        encrypted="true",
                        delete_on_termination="true",
                    ),
                )
            ],
            monitoring=LaunchTemplateMonitoring(enabled=True),
            tag_specifications=[
                LaunchTemplateTagSpecifications(resource_type=kind, tags={**tags, "Name": full_name})
                for kind in ("instance", "volume", "network-interface")
            ],
        )
        self.group = EksNodeGroup(
            self,
            "group",
            cluster_name=cluster_name,
            node_group_name=name,
            node_role_arn=role.role.arn,
            subnet_ids=list(subnet_ids),
            version=version,
            release_version=values.release,
            ami_type=_AMI_TYPES[values.image, values.architecture],
            capacity_type=values.capacity.upper(),
            instance_types=list(values.instance_types),
            labels=dict(values.labels) or None,
            taint=[
                EksNodeGroupTaint(key=each.key, value=each.value or None, effect=each.effect.upper())
                for each in values.taints
            ]
            or None,
            node_repair_config=EksNodeGroupNodeRepairConfig(enabled=values.repair),
            launch_template=EksNodeGroupLaunchTemplate(
                id=self.template.id, version=f"${{{self.template.fqn}.latest_version}}"
            ),
            scaling_config=EksNodeGroupScalingConfig(
                min_size=values.min, max_size=values.max, desired_size=values.desired
            ),
            update_config=EksNodeGroupUpdateConfig(max_unavailable_percentage=33),
            # From then on the number of nodes belongs to whatever scales them.
            lifecycle=TerraformResourceLifecycle(ignore_changes=["scaling_config[0].desired_size"]),
            depends_on=[*role.permissions, *after],
        )
