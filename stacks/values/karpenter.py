"""Karpenter: its controller, and the pools from which it makes nodes as pods need them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from stacks.values.types import Architecture, EntryName, Section, Taint
from stacks.values.workloads import Resources

KARPENTER_CHARTS: Final[Mapping[str, str]] = {
    name: f"oci://public.ecr.aws/karpenter/{name}" for name in ("karpenter", "karpenter-crd")
}
"""Where Karpenter's charts are published (its upgrade guide, "CRD Upgrades")."""
Percent = Annotated[str, Field(pattern=r"^((100|[0-9]{1,2})%|[0-9]+)$", description='nodes, such as 2 or "10%"')]
# As in the alias of a machine image (Karpenter's documentation, NodeClasses, spec.amiSelectorTerms).
Release = Annotated[
    str,
    Field(
        pattern=r"^v(\d{8}|\d+\.\d+\.\d+)$",
        description="an exact release, v20261023 for Amazon Linux 2023 or v1.50.0 for Bottlerocket",
    ),
]


class DisruptionBudget(Section):
    """How many nodes of a pool Karpenter may replace at the same time; the smallest budget counts."""

    nodes: Percent
    """A number, or a part of the pool's nodes; 0 stops replacing."""
    reasons: tuple[Literal["empty", "drifted", "underutilized"], ...] = ()
    """What it limits; empty: everything."""
    schedule: Annotated[str, Field(pattern=r"^\S+( \S+){4}$", description="five fields of cron, in UTC")] | None = None
    """When the budget begins to hold; without it, it always does."""
    hours: Annotated[int, Field(ge=1, le=168)] | None = None
    """How long it holds from then on."""

    @model_validator(mode="after")
    def _a_time_has_an_end(self) -> DisruptionBudget:
        if (self.schedule is None) != (self.hours is None):
            raise ValueError("schedule and hours belong together; write both, or neither for a budget without end")
        return self


class NodePool(Section):
    """Nodes of one kind. Pods choose a pool by its labels and taints, or let Karpenter choose."""

    image_release: Release
    """Exact release of the machine image, which nodes move to when it changes. EKS lists those of Amazon Linux in SSM
    below /aws/service/eks/optimized-ami, Bottlerocket's are below /aws/service/bottlerocket."""
    image: Literal["al2023", "bottlerocket"] = "al2023"
    architectures: Annotated[tuple[Architecture, ...], Field(min_length=1, max_length=2)] = ("arm64",)
    capacity: Annotated[tuple[Literal["on_demand", "spot"], ...], Field(min_length=1, max_length=2)] = ("on_demand",)
    """With both, Karpenter prefers spot and takes on-demand instances where spot is out."""
    categories: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z]{1,4}$")], ...], Field(min_length=1, max_length=20)
    ] = ("c", "m", "r")
    """First letters of instance types. The more, the more often AWS has one, and the cheaper."""
    generation_from: Annotated[int, Field(ge=2, le=20)] = 6
    """Least generation, the number in an instance type."""
    cpus: Annotated[int, Field(ge=2, le=20000)]
    """Most vCPUs of all nodes together: what a pod that asks for too much can cost."""
    memory_gib: Annotated[int, Field(ge=4, le=200000)]
    """Most memory of all nodes together."""
    disk_gib: Annotated[int, Field(ge=20, le=16384)] = 50
    labels: dict[str, Annotated[str, Field(max_length=63)]] = {}
    taints: Annotated[tuple[Taint, ...], Field(max_length=50)] = ()
    consolidate: Literal["when_empty", "when_empty_or_underutilized"] = "when_empty_or_underutilized"
    """Which nodes are given up or replaced by smaller ones."""
    consolidate_after_minutes: Annotated[int, Field(ge=0, le=10080)] = 5
    """How long no pod has come or gone before that."""
    expire_days: Annotated[int, Field(ge=1, le=365)] = 21
    """Age at which a node is drained and replaced, whatever the budgets say."""
    drain_minutes: Annotated[int, Field(ge=5, le=1440)] = 60
    """How long a drain waits for disruption budgets of pods and for do-not-disrupt, before it ends the pods anyway.
    Without an end, a single pod would keep the node, and the environment from being destroyed."""
    budgets: Annotated[tuple[DisruptionBudget, ...], Field(max_length=50)] = (DisruptionBudget(nodes="10%"),)
    weight: Annotated[int, Field(ge=1, le=100)] | None = None
    """Pools with a higher weight are tried first."""

    @model_validator(mode="after")
    def _release_of_the_image(self) -> NodePool:
        if ("." in self.image_release) != (self.image == "bottlerocket"):
            raise ValueError(
                f"image_release {self.image_release} is not a release of {self.image}; write one such as "
                + ("v1.50.0" if self.image == "bottlerocket" else "v20261023")
            )
        return self


class Karpenter(Section):
    """The controller, which runs on the groups in `cluster.node_groups`, and its pools."""

    version: Annotated[str, Field(pattern=r"^1\.\d+\.\d+$")] = "1.14.3"
    """Version of the charts karpenter and karpenter-crd; groundwork/checks/support_ends.json lists up to which
    Kubernetes version each minor version works."""
    replicas: Annotated[int, Field(ge=1, le=5)] = 2
    """Each on a node of its own; one of them works, the others take over."""
    requests: Resources = Resources(cpu="500m", memory="1Gi")
    """What a replica gets; the memory is its limit, too."""
    pools: Annotated[dict[EntryName, NodePool], Field(min_length=1)]
    """Name → what nodes may be."""
