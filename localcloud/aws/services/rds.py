"""RDS: resource ids, Performance Insights, and parameters as a user set them."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from typing import Any

from localcloud.aws.patching import wrap

_INSIGHTS = ("performance_insights_kms_key_id", "performance_insights_retention_period")
DEFAULT_INSIGHTS_RETENTION = 7  # days; RDS API, CreateDBInstance: PerformanceInsightsRetentionPeriod


def install() -> None:
    """What Terraform reads back of an instance and of parameter groups."""
    from moto.rds.models import DBInstance, RDSBackend
    from moto.rds.responses import RDSResponse

    wrap(DBInstance, "__init__", _complete_instance)
    wrap(DBInstance, "update", _update_instance)
    wrap(RDSBackend, "delete_db_cluster", _delete_cluster)
    wrap(RDSResponse, "describe_db_parameters", _describe_parameters)
    wrap(RDSResponse, "describe_db_cluster_parameters", _describe_parameters)


def _complete_instance(original: Callable[..., Any]) -> Callable[..., Any]:
    """moto gives every instance the same resource id, which is the identity Terraform keeps in its state."""

    def init(self: Any, *args: Any, **keywords: Any) -> None:
        original(self, *args, **keywords)
        alphabet = string.ascii_uppercase + string.digits
        self.dbi_resource_id = "db-" + "".join(secrets.choice(alphabet) for _ in range(26))
        _set_insights(self, keywords)

    return init


def _update_instance(original: Callable[..., Any]) -> Callable[..., Any]:
    def update(self: Any, *args: Any, **keywords: Any) -> Any:
        answer = original(self, *args, **keywords)
        _set_insights(self, keywords)
        return answer

    return update


def _set_insights(instance: Any, wanted: dict[str, Any]) -> None:
    """Performance Insights: asked for as Enable…, answered as …Enabled."""
    if "enable_performance_insights" in wanted:
        instance.performance_insights_enabled = wanted["enable_performance_insights"]
    elif not hasattr(instance, "performance_insights_enabled"):
        instance.performance_insights_enabled = False
    for name in _INSIGHTS:
        if wanted.get(name) is not None:
            setattr(instance, name, wanted[name])
    if instance.performance_insights_enabled and not hasattr(instance, "performance_insights_retention_period"):
        instance.performance_insights_retention_period = DEFAULT_INSIGHTS_RETENTION


def _delete_cluster(original: Callable[..., Any]) -> Callable[..., Any]:
    """The automatic snapshots of a cluster go with it, as those of an instance do in moto."""

    def delete_db_cluster(self: Any, cluster_identifier: str, snapshot_name: str | None = None) -> Any:
        cluster = original(self, cluster_identifier, snapshot_name)
        automatic = f"rds:{cluster_identifier}-"
        for identifier in [each for each in self.cluster_snapshots if each.startswith(automatic)]:
            del self.cluster_snapshots[identifier]
        return cluster

    return delete_db_cluster


def _describe_parameters(original: Callable[..., Any]) -> Callable[..., Any]:
    """moto answers with the parameters that were set, whichever source was asked for, and without saying so."""

    def describe(self: Any) -> Any:
        answer = original(self)
        asked = self.params.get("Source")
        parameters = answer._result["Parameters"] if asked in (None, "user") else []
        answer._result["Parameters"] = [{"IsModifiable": True, **each, "Source": "user"} for each in parameters]
        return answer

    return describe
