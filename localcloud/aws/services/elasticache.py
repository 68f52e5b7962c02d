"""ElastiCache: subnet groups can be changed and deleted."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import add


def install() -> None:
    """Actions that moto lacks."""
    from moto.elasticache.responses import ElastiCacheResponse

    add(ElastiCacheResponse, delete_cache_subnet_group, modify_cache_subnet_group)


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
