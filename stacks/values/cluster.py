"""The EKS cluster: who may reach it, who may use it, and what it runs on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from stacks.values.image_cache import UpstreamName
from stacks.values.karpenter import Karpenter, NodePool
from stacks.values.types import Architecture, Arn, EntryName, KeyArn, LogDays, PublicCidr, Section, Taint

# EKS user guide, "Automate cluster infrastructure with EKS Auto Mode": what it contains, on its nodes or outside them.
BUILT_INTO_AUTO_MODE = frozenset({"vpc-cni", "kube-proxy", "eks-pod-identity-agent", "coredns", "aws-ebs-csi-driver"})


def _not_everybody(value: str) -> str:
    if value == "0.0.0.0/0":
        raise ValueError("0.0.0.0/0 opens the API server to the world; name the ranges that need it")
    return value


PublicEndpointCidr = Annotated[PublicCidr, BeforeValidator(_not_everybody)]


class AccessEntry(Section):
    """The access of a person or pipeline to the cluster."""

    principal_arn: Arn
    policy: Literal["cluster_admin", "admin", "edit", "view"]
    """The AWS-managed access policy."""
    namespaces: tuple[str, ...] = ()
    """Limits the policy to these namespaces; empty means the whole cluster."""


class NodeGroup(Section):
    """A managed node group."""

    instance_types: Annotated[tuple[str, ...], Field(min_length=1)] = ("m7g.large",)
    architecture: Architecture = "arm64"
    """Must fit the instance types; decides the machine image."""
    image: Literal["al2023", "bottlerocket"] = "al2023"
    """Operating system: Amazon Linux 2023, or Bottlerocket, which has neither a shell nor a package manager."""
    capacity: Literal["on_demand", "spot"] = "on_demand"
    min: Annotated[int, Field(ge=0, le=450)] = 2
    max: Annotated[int, Field(ge=1, le=450)] = 6
    desired: Annotated[int, Field(ge=0, le=450)] = 2
    disk_gib: Annotated[int, Field(ge=20, le=16384)] = 50
    labels: dict[str, str] = {}
    taints: Annotated[tuple[Taint, ...], Field(max_length=50)] = ()
    repair: bool = True
    """EKS replaces nodes that stay unhealthy (EKS user guide, "Node health")."""
    release: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+-[0-9a-f]{8}$")] | None = None
    """Exact release of the machine image, such as 1.35.2-20261105 for Amazon Linux or 1.50.0-1a2b3c4d for Bottlerocket;
    EKS lists them in SSM parameters. When empty, EKS takes the newest one at each change of the group."""

    @model_validator(mode="after")
    def _sizes(self) -> NodeGroup:
        if not self.min <= self.desired <= self.max:
            raise ValueError(f"min {self.min} <= desired {self.desired} <= max {self.max} does not hold")
        return self


class FargateProfile(Section):
    """Pods of one namespace that run without nodes."""

    namespace: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    labels: dict[str, str] = {}


class Cluster(Section):
    """The `cluster` stack."""

    version: Annotated[str, Field(pattern=r"^1\.\d{2}$")] = "1.35"
    """Kubernetes version; can be raised by one minor version at a time."""
    public_endpoint_cidrs: Annotated[tuple[PublicEndpointCidr, ...], Field(max_length=40)] = ()
    """Ranges that may reach the API server from outside; empty keeps the endpoint private. EKS takes 40, and none with
    reserved addresses (EKS user guide, "Cluster API server endpoint")."""
    access: dict[EntryName, AccessEntry] = {}
    """Name → principal and policy. Nobody else has access, not even the creator."""
    nodes: Literal["managed_groups", "karpenter", "auto_mode"] = "managed_groups"
    """Who makes nodes: the groups in `node_groups`; or Karpenter, which runs on them and makes and replaces further
    instances as pods need them; or EKS Auto Mode, which does so without groups, and brings networking, DNS, volumes and
    load balancing with it."""
    node_groups: dict[EntryName, NodeGroup] = {"general": NodeGroup()}
    karpenter: Karpenter | None = None
    """Version and pools of Karpenter; required with `nodes: karpenter`, and of no use otherwise."""
    fargate_profiles: dict[EntryName, FargateProfile] = {}
    addons: dict[str, str] = {
        "vpc-cni": "v1.22.4-eksbuild.3",
        "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
        "kube-proxy": "v1.35.3-eksbuild.29",
        "coredns": "v1.13.2-eksbuild.31",
        "aws-ebs-csi-driver": "v1.64.0-eksbuild.1",
        "metrics-server": "v0.8.1-eksbuild.10",
    }
    """Add-on → exact version, so that no version changes without a diff. groundwork/checks/support_ends.json lists for
    which Kubernetes version AWS offers each."""
    prefix_delegation: bool = True
    """Nodes take addresses in blocks of 16, so that an instance holds 110 pods instead of, for example, 29 on an
    m7g.large (EKS user guide, "Assign more IP addresses to Amazon EKS nodes with prefixes")."""
    image_cache: tuple[UpstreamName, ...] = ()
    """Registries whose images come through ECR, which keeps a copy of what was pulled once. ghcr.io and docker.io ask
    for a user and a token, which a person puts into a secret: docs/architecture/image-cache.md."""
    log_days: LogDays = 365
    """Days that control-plane logs are kept."""
    key_arn: KeyArn | None = None
    """An existing KMS key for Kubernetes secrets and control-plane logs; its policy must let CloudWatch Logs use it.
    A key is created when empty."""

    @model_validator(mode="after")
    def _each_upstream_once(self) -> Cluster:
        if len(set(self.image_cache)) < len(self.image_cache):
            raise ValueError("image_cache names a registry twice; name it once")
        return self

    @property
    def managed_groups(self) -> dict[str, NodeGroup]:
        """The node groups that are made: none in Auto Mode."""
        return {} if self.nodes == "auto_mode" else dict(self.node_groups)

    @property
    def pools(self) -> dict[str, NodePool]:
        """The pools from which Karpenter makes nodes: none where it does not run."""
        return dict(self.karpenter.pools) if self.karpenter and self.nodes == "karpenter" else {}

    @property
    def installed_addons(self) -> dict[str, str]:
        """The add-ons that are made. Auto Mode has some built in and they are left out, unless the values name them."""
        if self.nodes != "auto_mode" or "addons" in self.model_fields_set:
            return dict(self.addons)
        return {name: version for name, version in self.addons.items() if name not in BUILT_INTO_AUTO_MODE}
