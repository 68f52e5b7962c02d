"""Which values of the `cluster` section cannot go together, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from groundwork.checks import support
from stacks.blocks.errors import IllegalComposition
from stacks.values import Environment, Names
from stacks.values.cluster import BUILT_INTO_AUTO_MODE, Cluster
from stacks.values.data import MONGODB_NAMESPACE
from stacks.values.workloads import Workload

# EKS user guide, "Fargate considerations": DaemonSets do not run there, and the CNI and kube-proxy are built in.
NEED_NODES = frozenset({"vpc-cni", "kube-proxy", "eks-pod-identity-agent", "aws-ebs-csi-driver"})
METRICS = "metrics-server"
_SYSTEM_NAMESPACE = "kube-system"
_DISKS = "aws-ebs-csi-driver"
_MEMBERS = 3
_MONGODB = 27017
_LONGEST_CACHE_PREFIX = 30  # ECR API reference, CreatePullThroughCacheRule: ecrRepositoryPrefix


def check(values: Cluster, *, runner: Literal["hosted", "vpc"]) -> None:
    """Raise IllegalComposition for the first combination that EKS would refuse, or accept and never make work."""
    if runner == "hosted" and not values.public_endpoint_cidrs:
        raise IllegalComposition(
            "cluster.public_endpoint_cidrs",
            "runner is hosted, and machines of GitHub's cannot reach a private endpoint: every release would time out",
            "name the ranges the runners come from, or set runner: vpc and run the pipeline inside the VPC",
        )
    if values.nodes == "auto_mode":
        _check_auto_mode(values)
    elif not values.node_groups and not values.fargate_profiles:
        raise IllegalComposition(
            "cluster.node_groups", "there are neither node groups nor Fargate profiles: no pod could run", "add one"
        )
    elif not values.node_groups:
        _check_fargate_only(values)
    _check_releases(values)
    proxy = values.installed_addons.get("kube-proxy")
    if proxy and not proxy.startswith(f"v{values.version}."):
        raise IllegalComposition(
            "cluster.addons.kube-proxy",
            f"{proxy} is not for Kubernetes {values.version}",
            f"pin a version v{values.version}.…",
        )
    _check_access(values)


def check_karpenter(environment: Environment) -> None:
    """Raise IllegalComposition where Karpenter would have no settings, no home, or no way to AWS."""
    values = environment.cluster
    if (karpenter := values.karpenter) is None or values.nodes != "karpenter":
        if karpenter or values.nodes == "karpenter":
            raise IllegalComposition(
                "cluster.karpenter",
                f"{'is set' if karpenter else 'is missing'}, and cluster.nodes is {values.nodes}",
                "write both: nodes: karpenter, and pools below cluster.karpenter",
            )
        return
    # The chart spreads replicas over nodes, and keeps them off the nodes that Karpenter makes.
    home = [group for group in values.node_groups.values() if group.capacity == "on_demand" and not group.taints]
    if sum(group.min for group in home) < karpenter.replicas:
        raise IllegalComposition(
            "cluster.node_groups",
            f"Karpenter's {karpenter.replicas} replicas need as many nodes of others, on demand and untainted; the "
            f"groups keep {sum(group.min for group in home)}",
            f"raise a group's min to {karpenter.replicas}, or lower cluster.karpenter.replicas",
        )
    if missing := sorted({"coredns", "eks-pod-identity-agent"} - set(values.addons)):
        raise IllegalComposition(
            "cluster.addons", f"Karpenter finds AWS by name and signs in by Pod Identity: {missing} missing", "add them"
        )
    newest = support.newest_kubernetes("karpenter", karpenter.version)
    if newest is None or int(values.version.partition(".")[2]) > int(newest.partition(".")[2]):
        raise IllegalComposition(
            "cluster.karpenter.version",
            f"{karpenter.version} {f'works up to Kubernetes {newest}' if newest else 'is not known'}, and the cluster "
            f"has {values.version}",
            "choose a version that fits; groundwork/checks/support_ends.json lists them, and where they are published",
        )
    # Both are only reached from the internet: neither has an endpoint for VPCs.
    if environment.network.nat == "none" and not environment.network.existing:
        raise IllegalComposition(
            "cluster.nodes",
            "is karpenter, whose image is in public.ecr.aws and which asks IAM; network.nat: none leaves no way out",
            "set network.nat to single or per_zone, or nodes to managed_groups",
        )


def check_mongodb(environment: Environment) -> None:
    """Raise IllegalComposition where a MongoDB in the cluster would have no disks, no majority, or nobody to serve."""
    mongodb, cluster = environment.data.mongodb, environment.cluster
    if mongodb is None or mongodb.in_cluster is None:
        return
    key = "data.mongodb.kind"
    # Auto Mode has a driver of its own, for which charts/mongodb has no class of volumes.
    if _DISKS not in cluster.installed_addons:
        raise IllegalComposition(
            key,
            f"is in_cluster, whose volumes {_DISKS} makes; this cluster lacks it",
            f"add {_DISKS} to cluster.addons, in Auto Mode choose kind documentdb or external",
        )
    # EKS user guide, "Fargate considerations": no volume of EBS can be mounted there.
    if homes := [name for name, profile in cluster.fargate_profiles.items() if profile.namespace == MONGODB_NAMESPACE]:
        raise IllegalComposition(
            f"cluster.fargate_profiles.{homes[0]}.namespace",
            f"is {MONGODB_NAMESPACE}, where the members of data.mongodb run, and pods on Fargate mount no EBS volume",
            "use another namespace",
        )
    if environment.network.zones < _MEMBERS and not environment.network.existing:
        raise IllegalComposition(
            key,
            f"is in_cluster, whose three members need a zone each; with network.zones {environment.network.zones} the "
            "loss of one would take the majority",
            f"set network.zones to {_MEMBERS}, or choose kind documentdb or external",
        )
    if environment.network.nat == "none" and not environment.network.existing:
        raise IllegalComposition(
            key,
            "is in_cluster, whose images are in quay.io; network.nat: none leaves no way out",
            "set network.nat to single or per_zone, or choose kind documentdb",
        )
    for name in mongodb.services:
        workload = environment.workloads.get(name)
        if workload is None:
            raise IllegalComposition(
                "data.mongodb.services", f"{name} is not a workload", f"write workloads.{name}, or remove {name}"
            )
        if not any(_MONGODB in each.ports for each in workload.egress):
            raise IllegalComposition(
                "data.mongodb.services",
                f"the pods of {name} may connect to no address on port {_MONGODB}",
                f"add the addresses of pods, such as the VPC's range, with port {_MONGODB} to workloads.{name}.egress",
            )


def check_scaling(cluster: Cluster, workloads: Mapping[str, Workload]) -> None:
    """Raise IllegalComposition for a workload that could not scale, because nothing in the cluster measures it."""
    scaling = next((name for name, each in workloads.items() if each.max_replicas > each.min_replicas), None)
    if scaling and METRICS not in cluster.installed_addons:
        raise IllegalComposition(
            f"workloads.{scaling}.max_replicas",
            f"is above min_replicas, but without {METRICS} Kubernetes does not know how busy the pods are",
            f"add {METRICS} to cluster.addons, or set max_replicas to min_replicas",
        )


def check_image_cache(names: Names) -> None:
    """Raise IllegalComposition where ECR would refuse a cache, or could not fill it."""
    environment = names.environment
    upstreams = environment.cluster.image_cache
    # ECR user guide, "Considerations for using pull through cache rules": with an interface endpoint for ECR, the first
    # pull of an image needs a route to the internet. Whether an existing VPC has one is not known here.
    if upstreams and environment.network.nat == "none" and not environment.network.existing:
        raise IllegalComposition(
            "cluster.image_cache",
            "network.nat: none leaves the VPC without a way out, which the first pull of an image through ECR needs",
            "set network.nat to single or per_zone, or push the images to delivery.images yourself",
        )
    for prefix in map(names.image_cache_prefix, upstreams):
        if len(prefix) > _LONGEST_CACHE_PREFIX:
            raise IllegalComposition(
                "cluster.image_cache",
                f"ECR takes {_LONGEST_CACHE_PREFIX} characters as the beginning of repositories; {prefix} has "
                f"{len(prefix)}",
                "choose a shorter organisation or name of the environment, or leave image_cache empty",
            )


def _check_access(values: Cluster) -> None:
    seen: dict[str, str] = {}
    for name, entry in values.access.items():
        if entry.principal_arn in seen:
            raise IllegalComposition(
                f"cluster.access.{name}.principal_arn",
                f"is the principal of {seen[entry.principal_arn]} too, and EKS takes one entry per principal",
                f"merge it into {seen[entry.principal_arn]}, or name another role",
            )
        seen[entry.principal_arn] = name
        if entry.policy == "cluster_admin" and entry.namespaces:
            raise IllegalComposition(
                f"cluster.access.{name}.namespaces",
                "cluster_admin reaches past namespaces, so a limit would only look like one",
                "use policy admin for these namespaces, or drop namespaces",
            )


def _check_auto_mode(values: Cluster) -> None:
    if "node_groups" in values.model_fields_set and values.node_groups:
        raise IllegalComposition(
            "cluster.node_groups",
            "nodes is auto_mode, and EKS makes the nodes itself",
            "remove node_groups, or set nodes: managed_groups",
        )
    if doubled := sorted(BUILT_INTO_AUTO_MODE & set(values.installed_addons)):
        raise IllegalComposition(
            "cluster.addons",
            f"{', '.join(doubled)} {'is' if len(doubled) == 1 else 'are'} part of Auto Mode and would run twice",
            "remove them",
        )


def _check_releases(values: Cluster) -> None:
    for name, group in values.managed_groups.items():
        if group.release and group.image == "al2023" and not group.release.startswith(f"{values.version}."):
            raise IllegalComposition(
                f"cluster.node_groups.{name}.release",
                f"{group.release} is not for Kubernetes {values.version}",
                f"pin a release {values.version}.…, or remove it to take the newest",
            )


def _check_fargate_only(values: Cluster) -> None:
    homeless = sorted(NEED_NODES & set(values.addons))
    if homeless:
        raise IllegalComposition(
            "cluster.addons",
            f"{', '.join(homeless)} run on nodes, and there are only Fargate profiles",
            "keep only coredns and metrics-server, or add a node group",
        )
    served = {profile.namespace for profile in values.fargate_profiles.values() if not profile.labels}
    if values.addons and _SYSTEM_NAMESPACE not in served:
        raise IllegalComposition(
            "cluster.fargate_profiles",
            f"{' and '.join(sorted(values.addons))} would run in {_SYSTEM_NAMESPACE}, which no profile covers",
            f"add a profile for namespace {_SYSTEM_NAMESPACE} without labels",
        )
