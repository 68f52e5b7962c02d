"""ElastiCache: clusters read back as written, a replication group has its member clusters, and what is deleted goes.

What Terraform reads is in the provider's internal/service/elasticache: cluster.go and replication_group.go.
"""

from __future__ import annotations

import inspect
from typing import Any

from localcloud.aws.patching import Method, add, wrap

# Of CreateReplicationGroup, and what its members have in common with it.
_SHARED = (
    "cache_node_type",
    "cache_parameter_group_name",
    "cache_subnet_group_name",
    "engine",
    "engine_version",
    "notification_topic_arn",
    "port",
    "preferred_maintenance_window",
    "security_group_ids",
    "snapshot_retention_limit",
    "snapshot_window",
)


def install() -> None:
    """Settings that moto drops, members that it only names, and actions that it lacks."""
    from moto.elasticache.models import CacheCluster, ElastiCacheBackend
    from moto.elasticache.responses import ElastiCacheResponse

    wrap(CacheCluster, "__init__", _init_cluster)
    wrap(ElastiCacheBackend, "create_replication_group", _create_group)
    wrap(ElastiCacheBackend, "delete_replication_group", _delete_group)
    wrap(ElastiCacheBackend, "delete_cache_cluster", _delete_cluster)
    add(ElastiCacheResponse, delete_cache_subnet_group, modify_cache_subnet_group)


def _init_cluster(original: Method, self: Any, *args: Any, **keywords: Any) -> None:
    """API reference, CacheCluster: nodes in several zones have the zone "Multiple"; upgrades are the default."""
    original(self, *args, **keywords)
    if self.az_mode == "cross-az":
        self.preferred_availability_zone = "Multiple"
    self.auto_minor_version_upgrade = self.auto_minor_version_upgrade is not False
    self.security_groups = [{"SecurityGroupId": each, "Status": "active"} for each in self.security_group_ids]


def _create_group(original: Method, self: Any, *args: Any, **keywords: Any) -> Any:
    """moto names members and does not make them; Terraform reads the group's engine and network from one of them.

    How many there are, moto takes from the replicas of node groups alone.
    """
    from moto.elasticache.models import CacheCluster

    if keywords.get("num_cache_clusters") and not keywords.get("replicas_per_node_group"):
        keywords["replicas_per_node_group"] = keywords["num_cache_clusters"] - 1
    group = original(self, *args, **keywords)
    for name in group.member_clusters:
        settings = dict.fromkeys(_parameters(CacheCluster)) | {each: keywords.get(each) for each in _SHARED}
        settings |= {
            "account_id": self.account_id,
            "region_name": self.region_name,
            "cache_cluster_id": name,
            "replication_group_id": group.replication_group_id,
            "auto_minor_version_upgrade": group.auto_minor_version_upgrade,
            "transit_encryption_enabled": group.transit_encryption_enabled,
        }
        member = self.cache_clusters[name] = CacheCluster(**settings)
        member.at_rest_encryption_enabled = group.at_rest_encryption_enabled
    return group


def _parameters(kind: Any) -> list[str]:
    return [name for name in inspect.signature(kind).parameters if name != "self"]


def _delete_group(original: Method, self: Any, *args: Any, **keywords: Any) -> Any:
    """moto shows a deleted group forever, and Terraform waits until it has gone."""
    group = original(self, *args, **keywords)
    del self.replication_groups[group.replication_group_id]
    for name in group.member_clusters:
        self.cache_clusters.pop(name, None)
    return group


def _delete_cluster(original: Method, self: Any, cache_cluster_id: str) -> Any:
    cluster = original(self, cache_cluster_id)
    del self.cache_clusters[cache_cluster_id]
    return cluster


def delete_cache_subnet_group(self: Any) -> Any:
    """DeleteCacheSubnetGroup; describing it first raises the right error where it does not exist."""
    from moto.core.responses import EmptyResult

    name = self._get_param("CacheSubnetGroupName")
    self.elasticache_backend.describe_cache_subnet_groups(name)
    del self.elasticache_backend.cache_subnet_groups[name]
    return EmptyResult()


def modify_cache_subnet_group(self: Any) -> Any:
    """ModifyCacheSubnetGroup."""
    from moto.core.responses import ActionResult
    from moto.elasticache.models import CacheSubnetGroup

    name = self._get_param("CacheSubnetGroupName")
    self.elasticache_backend.describe_cache_subnet_groups(name)
    groups = self.elasticache_backend.cache_subnet_groups
    groups[name] = CacheSubnetGroup(
        self.current_account,
        self.region,
        name,
        self._get_param("CacheSubnetGroupDescription") or groups[name].cache_subnet_group_description,
        self._get_param("SubnetIds") or groups[name].subnet_ids,
        groups[name].tags,
    )
    return ActionResult({"CacheSubnetGroup": groups[name]})
