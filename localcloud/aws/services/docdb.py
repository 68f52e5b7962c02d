"""DocumentDB: it answers on the API of RDS, where moto does not know its engine."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import Method, wrap

ENGINE = "docdb"
DEFAULT_VERSION = "5.0.0"
PORT = 27017


def install() -> None:
    """Add the engine to moto's tables; a cluster of it has no storage type unless the request names it."""
    from moto.rds.models import ClusterEngine, DBCluster, DBInstance, DbInstanceEngine

    wrap(ClusterEngine, "list_cluster_engines", _add_engine)
    wrap(DbInstanceEngine, "valid_db_instance_engine", _add_engine)
    wrap(DBCluster, "default_engine_version", _answer_for_docdb(DEFAULT_VERSION))
    for owner in (DBCluster, DBInstance):
        wrap(owner, "default_port", _answer_for_docdb(PORT))
        wrap(owner, "default_allocated_storage", _answer_for_docdb(1))
    DBInstance.default_engine_versions.setdefault(ENGINE, DEFAULT_VERSION)
    wrap(DBCluster, "__init__", _init_cluster)


def _add_engine(original: Method) -> list[str]:
    return sorted({*original(), ENGINE})


def _answer_for_docdb(value: Any) -> Method:
    """A patch for a function of moto that looks something up by engine."""

    def lookup(original: Method, engine: str, *args: Any, **keywords: Any) -> Any:
        return value if engine == ENGINE else original(engine, *args, **keywords)

    return lookup


def _init_cluster(original: Method, self: Any, *args: Any, **keywords: Any) -> None:
    original(self, *args, **keywords)
    if self.engine == ENGINE:
        if not keywords.get("storage_type"):
            self.storage_type = None
        if not keywords.get("db_cluster_parameter_group_name"):
            self.parameter_group = f"default.docdb{'.'.join(self.engine_version.split('.')[:2])}"
