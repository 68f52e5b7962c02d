"""How much of AWS's quotas an environment takes at most."""

from __future__ import annotations

import re

from groundwork.platform import QuotaNeed
from stacks.values.cluster import Cluster
from stacks.values.model import Environment

# Lambda keeps as many executions for functions without a reservation (Lambda developer guide, "Reserved concurrency").
_LAMBDA_KEEPS = 100
# EC2 user guide, "On-Demand Instance quotas": the families that share the quota of standard instances.
_STANDARD = re.compile(r"^[acdhimrtz]\d")
_CPUS = {"nano": 2, "micro": 2, "small": 2, "medium": 2, "large": 2, "xlarge": 4}


def quota_needs(environment: Environment) -> list[QuotaNeed]:
    """What the stacks need when node groups and pools have grown to their maximum."""
    reserved = environment.api.function.reserved_concurrency
    cluster = environment.cluster
    nat = {"none": 0, "single": 1, "per_zone": environment.network.zones}[environment.network.nat]
    needs = [
        QuotaNeed("lambda", "L-B99A9384", "Lambda's concurrent executions", reserved + _LAMBDA_KEEPS)
        if reserved > 0
        else None,
        QuotaNeed("ec2", "L-1216C47A", "vCPUs of standard On-Demand instances", _cpus(cluster, "on_demand")),
        QuotaNeed("ec2", "L-34B43A08", "vCPUs of standard Spot instances", _cpus(cluster, "spot")),
        QuotaNeed("ec2", "L-0263D0A3", "Elastic IP addresses", 0 if environment.network.existing else nat),
    ]
    return [need for need in needs if need and need.needed]


def _cpus(cluster: Cluster, capacity: str) -> int:
    groups = sum(
        group.max * max(_cpus_of(kind) for kind in group.instance_types)
        for group in cluster.managed_groups.values()
        if group.capacity == capacity
    )
    pools = sum(
        pool.cpus
        for pool in cluster.pools.values()
        if capacity in pool.capacity and any(_STANDARD.match(f"{category}1") for category in pool.categories)
    )
    return groups + pools


def _cpus_of(instance_type: str) -> int:
    """vCPUs by the size in an instance type's name; 0 for families with quotas of their own."""
    family, _, size = instance_type.partition(".")
    if not _STANDARD.match(family):
        return 0
    times = re.fullmatch(r"(\d+)xlarge", size)
    return 4 * int(times[1]) if times else _CPUS.get(size, 0)
