"""DocumentDB: it answers on the API of RDS, where moto does not know its engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.aws.patching import wrap

ENGINE = "docdb"
DEFAULT_VERSION = "5.0.0"
PORT = 27017


def install() -> None:
    """Teach moto's tables of engines one more; a cluster of it has no storage type unless one was asked for."""
    from moto.rds.models import ClusterEngine, DBCluster, DBInstance, DbInstanceEngine

    wrap(ClusterEngine, "list_cluster_engines", _with_docdb)
    wrap(DbInstanceEngine, "valid_db_instance_engine", _with_docdb)
    wrap(DBCluster, "default_engine_version", _known(DEFAULT_VERSION))
    for owner in (DBCluster, DBInstance):
        wrap(owner, "default_port", _known(PORT))
        wrap(owner, "default_allocated_storage", _known(1))
    DBInstance.default_engine_versions.setdefault(ENGINE, DEFAULT_VERSION)
    wrap(DBCluster, "__init__", _complete_cluster)


def _with_docdb(original: Callable[[], list[str]]) -> Callable[[], list[str]]:
    return lambda: sorted({*original(), ENGINE})


def _known(value: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A table of moto that is looked up by engine, with one more entry."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def lookup(engine: str, *args: Any, **keywords: Any) -> Any:
            return value if engine == ENGINE else original(engine, *args, **keywords)

        return lookup

    return make


def _complete_cluster(original: Callable[..., Any]) -> Callable[..., Any]:
    def init(self: Any, *args: Any, **keywords: Any) -> None:
        original(self, *args, **keywords)
        if self.engine == ENGINE:
            if not keywords.get("storage_type"):
                self.storage_type = None
            if not keywords.get("db_cluster_parameter_group_name"):
                self.parameter_group = f"default.docdb{'.'.join(self.engine_version.split('.')[:2])}"

    return init
