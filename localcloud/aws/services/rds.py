"""RDS: resource ids, Performance Insights, scaling of clusters, and parameters as a user set them."""

from __future__ import annotations

import secrets
import string
from typing import Any

from localcloud.aws.patching import Method, replace_property, wrap

_INSIGHTS = ("performance_insights_kms_key_id", "performance_insights_retention_period")
DEFAULT_INSIGHTS_RETENTION = 7  # days; RDS API, CreateDBInstance: PerformanceInsightsRetentionPeriod


def install() -> None:
    """Keep what Terraform reads back of an instance and of parameter groups."""
    from moto.rds.models import DBCluster, DBInstance, RDSBackend
    from moto.rds.responses import RDSResponse

    wrap(DBInstance, "__init__", _init_instance)
    wrap(DBInstance, "update", _update_instance)
    wrap(RDSBackend, "delete_db_cluster", _delete_db_cluster)
    scaling = DBCluster.scaling_configuration_info.fget
    replace_property(DBCluster, "scaling_configuration_info", lambda cluster: _scaling(scaling, cluster))
    wrap(RDSResponse, "describe_db_parameters", _describe_parameters)
    wrap(RDSResponse, "describe_db_cluster_parameters", _describe_parameters)


def _init_instance(original: Method, self: Any, *args: Any, **keywords: Any) -> None:
    """moto gives every instance the same resource id, which is the identity Terraform keeps in its state."""
    original(self, *args, **keywords)
    alphabet = string.ascii_uppercase + string.digits
    self.dbi_resource_id = "db-" + "".join(secrets.choice(alphabet) for _ in range(26))
    _set_insights(self, keywords)


def _update_instance(original: Method, self: Any, *args: Any, **keywords: Any) -> Any:
    answer = original(self, *args, **keywords)
    _set_insights(self, keywords)
    return answer


def _set_insights(instance: Any, settings: dict[str, Any]) -> None:
    """Performance Insights are Enable… in a request and …Enabled in an answer."""
    if "enable_performance_insights" in settings:
        instance.performance_insights_enabled = settings["enable_performance_insights"]
    elif not hasattr(instance, "performance_insights_enabled"):
        instance.performance_insights_enabled = False
    for name in _INSIGHTS:
        if settings.get(name) is not None:
            setattr(instance, name, settings[name])
    if instance.performance_insights_enabled and not hasattr(instance, "performance_insights_retention_period"):
        instance.performance_insights_retention_period = DEFAULT_INSIGHTS_RETENTION


def _scaling(original: Method, cluster: Any) -> Any:
    """Only clusters of the engine mode `serverless` scale that way (API reference, DBCluster)."""
    return original(cluster) if cluster.engine_mode == "serverless" else None


def _delete_db_cluster(original: Method, self: Any, cluster_identifier: str, snapshot_name: str | None = None) -> Any:
    """The automatic snapshots of a cluster go with it, as those of an instance do in moto."""
    cluster = original(self, cluster_identifier, snapshot_name)
    automatic = f"rds:{cluster_identifier}-"
    for identifier in [each for each in self.cluster_snapshots if each.startswith(automatic)]:
        del self.cluster_snapshots[identifier]
    return cluster


def _describe_parameters(original: Method, self: Any) -> Any:
    """moto answers with the parameters that were set, whatever source the request names, and without their source."""
    answer = original(self)
    parameters = answer._result["Parameters"] if self.params.get("Source") in (None, "user") else []
    answer._result["Parameters"] = [{"IsModifiable": True, **each, "Source": "user"} for each in parameters]
    return answer
