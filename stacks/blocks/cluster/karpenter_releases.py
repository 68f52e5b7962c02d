"""Karpenter in the cluster: its kinds, its controller, and the pools from which it makes nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cdktf_cdktf_provider_helm.release import Release
from constructs import Construct

from stacks.blocks.cluster.helm_access import CHARTS, WHOLE_OR_NOT_AT_ALL, OwnChart, values_text
from stacks.blocks.cluster.image_cache import pulled_from
from stacks.blocks.cluster.karpenter_controller import NAMESPACE, SERVICE_ACCOUNT
from stacks.values import Names
from stacks.values.karpenter import KARPENTER_CHARTS, Karpenter, NodePool

NODE_POOLS = CHARTS / "node-pools"
_IMAGE = "public.ecr.aws/karpenter/controller"
_SECONDS = 600
# EKS user guide, "Assign more IP addresses to Amazon EKS nodes with prefixes": what nodes below 30 vCPUs are given.
# Without it Karpenter counts addresses as if there were no prefixes.
_PODS_WITH_PREFIXES = 110
_ARCHITECTURES: Final = {"arm64": "arm64", "x86_64": "amd64"}
_EFFECTS: Final = {"no_schedule": "NoSchedule", "no_execute": "NoExecute", "prefer_no_schedule": "PreferNoSchedule"}


class KarpenterReleases(Construct):
    """Three releases, each after the one before, so that Terraform removes them the other way round.

    Pools go first, while the controller is there to end their nodes: Helm waits until Karpenter lets the last
    EC2NodeClass go, which it does when the last node has gone. Karpenter's kinds are a release of their own, as its
    upgrade guide advises: Helm never upgrades kinds that are part of a chart. They stay when that release goes, because
    every pool and node would go with them.
    """

    def __init__(self, scope: Construct, id_: str, *, names: Names, values: Karpenter, tags: Mapping[str, str]) -> None:
        super().__init__(scope, id_)
        keep = {"additionalAnnotations": {"helm.sh/resource-policy": "keep"}}
        kinds = self._published("karpenter-crd", version=values.version, chart_values=keep, after=None)
        controller = self._published(
            "karpenter", version=values.version, chart_values=controller_values(names, values), after=kinds
        )
        chart = OwnChart(self, "node_pools_chart", folder=NODE_POOLS)
        self.pools = Release(
            self,
            "node_pools",
            name="node-pools",
            namespace=NAMESPACE,
            chart=chart.path,
            version=chart.version,
            values=[values_text(pool_values(names, values, tags))],
            # Removing them takes as long as the slowest drain.
            timeout=_SECONDS + 60 * max(pool.drain_minutes for pool in values.pools.values()),
            depends_on=[controller],
            **WHOLE_OR_NOT_AT_ALL,
        )

    def _published(self, name: str, *, version: str, chart_values: Mapping[str, Any], after: Release | None) -> Release:
        return Release(
            self,
            name.replace("-", "_"),
            name=name,
            namespace=NAMESPACE,
            chart=KARPENTER_CHARTS[name],
            version=version,
            values=[values_text(chart_values)],
            timeout=_SECONDS,
            depends_on=[after] if after else None,
            **WHOLE_OR_NOT_AT_ALL,
        )


def controller_values(names: Names, values: Karpenter) -> dict[str, Any]:
    """Values of the chart `karpenter`; what is left out is its default, such as the image's tag and digest.

    By default it keeps its pods off the nodes that it makes, one a node, and its containers meet the restricted Pod
    Security Standard, but for the profile that the pod sets.
    """
    return {
        "replicas": values.replicas,
        "serviceAccount": {"name": SERVICE_ACCOUNT},
        "settings": {
            "clusterName": names.cluster,
            "eksControlPlane": True,
            "interruptionQueue": names.karpenter_queue,
        },
        "controller": {
            "image": {"repository": pulled_from(_IMAGE, names)},
            # Otherwise it asks the instance for the region (v1.14.1, pkg/operator/operator.go), which one hop forbids.
            "env": [{"name": "AWS_REGION", "value": names.aws.region}],
            "resources": {
                "requests": {"cpu": values.requests.cpu, "memory": values.requests.memory},
                "limits": {"memory": values.requests.memory},
            },
        },
        "podSecurityContext": {"fsGroup": 65532, "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    }


def pool_values(names: Names, values: Karpenter, tags: Mapping[str, str]) -> dict[str, Any]:
    """Values of charts/node-pools. All of them are known before anything exists, so that Helm checks them in a plan."""
    environment = names.environment
    discovery = [{"tags": {"karpenter.sh/discovery": names.cluster}}]
    existing = environment.network.existing
    return {
        "instanceProfile": names.karpenter_nodes,
        "subnets": [{"id": subnet} for subnet in existing.private_subnet_ids] if existing else discovery,
        "securityGroups": discovery,
        "tags": dict(tags),
        "maxPods": _PODS_WITH_PREFIXES if environment.cluster.prefix_delegation else 0,
        "pools": {name: _pool(pool) for name, pool in values.pools.items()},
    }


def _pool(pool: NodePool) -> dict[str, Any]:
    return {
        "image": pool.image,
        "release": pool.image_release,
        "diskGib": pool.disk_gib,
        "architectures": [_ARCHITECTURES[each] for each in pool.architectures],
        "capacity": [each.replace("_", "-") for each in pool.capacity],
        "categories": list(pool.categories),
        "generationFrom": pool.generation_from,
        "limits": {"cpu": pool.cpus, "memoryGib": pool.memory_gib},
        "labels": dict(pool.labels),
        "taints": [
            {"key": each.key, "effect": _EFFECTS[each.effect], **({"value": each.value} if each.value else {})}
            for each in pool.taints
        ],
        "consolidate": "WhenEmpty" if pool.consolidate == "when_empty" else "WhenEmptyOrUnderutilized",
        "consolidateAfterMinutes": pool.consolidate_after_minutes,
        "expireHours": 24 * pool.expire_days,
        "drainMinutes": pool.drain_minutes,
        "budgets": [
            {
                "nodes": each.nodes,
                **({"reasons": [reason.capitalize() for reason in each.reasons]} if each.reasons else {}),
                **({"schedule": each.schedule, "hours": each.hours} if each.schedule else {}),
            }
            for each in pool.budgets
        ],
        **({"weight": pool.weight} if pool.weight else {}),
    }
