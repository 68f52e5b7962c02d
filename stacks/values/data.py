"""Databases: those that AWS runs apart from the cluster, and a MongoDB in it."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from stacks.values.types import EntryName, LogDays, Section
from stacks.values.workloads import Resources

MONGODB_OPERATOR_CHART: Final = "oci://quay.io/mongodb/helm-charts/mongodb-kubernetes"
"""Where the chart of MongoDB's operator is published (github.com/mongodb/mongodb-kubernetes 1.9.1, build_info.json)."""
MONGODB_NAMESPACE: Final = "mongodb"
"""Where the operator and the members of a MongoDB in the cluster run."""

InstanceClass = Annotated[str, Field(pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$", description="for example db.m7g.large")]
# RDS and DocumentDB API references: BackupRetentionPeriod. 0 would switch backups off.
BackupDays = Annotated[int, Field(ge=1, le=35)]


class Postgres(Section):
    """A Postgres of RDS. Its administrator's password is made, kept and rotated by RDS, and nobody writes it down."""

    version: Literal["16", "17", "18"] = "17"
    """Major version; RDS takes care of the minor ones in the maintenance window."""
    instance_class: InstanceClass = "db.m7g.large"
    multi_az: bool = True
    """A copy in another zone, which takes over where the first one fails."""
    storage_gib: Annotated[int, Field(ge=20, le=65536)] = 50
    max_storage_gib: Annotated[int, Field(ge=20, le=65536)] = 200
    """RDS adds storage up to this size by itself."""
    backup_days: BackupDays = 14
    """Days back to which the database can be restored, to any second but the last five minutes."""
    slow_query_ms: Annotated[int, Field(ge=0)] = 1000
    """Statements that take longer are logged."""
    log_days: LogDays = 365
    """Days that the database's logs are kept."""

    @model_validator(mode="after")
    def _room_to_grow(self) -> Postgres:
        # RDS API reference, CreateDBInstance, MaxAllocatedStorage: at least 10 % above the allocated storage.
        if self.max_storage_gib < (least := -(-self.storage_gib * 11 // 10)):
            raise ValueError(
                f"max_storage_gib {self.max_storage_gib} is less than a tenth above storage_gib {self.storage_gib}, "
                f"which RDS refuses; write at least {least}"
            )
        return self


class DocumentDb(Section):
    """Amazon DocumentDB. It speaks MongoDB's protocol and lacks some of its operators (DocumentDB developer guide,
    "Supported MongoDB APIs, operations, and data types").
    """

    instance_class: InstanceClass = "db.r6g.large"
    instances: Annotated[int, Field(ge=1, le=16)] = 3
    """One writes; another takes over where it fails."""
    backup_days: BackupDays = 14
    """Days back to which the cluster can be restored, to any second but the last five minutes."""
    log_days: LogDays = 365
    """Days that the cluster's logs are kept."""


class InClusterMongodb(Section):
    """MongoDB Community on the cluster's nodes: three members, each in a zone of its own, by MongoDB's operator."""

    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$", description="exact, for example 8.3.4")]
    """Release of MongoDB. The operator moves one member after another to another release."""
    operator_version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")] = "1.9.1"
    """Release of the operator and its chart."""
    certificate: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")] = "mongodb-tls"
    """A Secret of the namespace `mongodb` with tls.crt, tls.key and ca.crt, as cert-manager writes it; somebody else
    makes it."""
    storage_gib: Annotated[int, Field(ge=1, le=16384)] = 20
    """Size of each member's volume."""
    requests: Resources = Resources(cpu="500m", memory="2Gi")
    """What each member asks for; its memory is also the most it gets."""


class Mongodb(Section):
    """Where services find a MongoDB."""

    kind: Literal["documentdb", "external", "in_cluster"]
    """`documentdb`: a cluster of AWS's. `external`: one that exists elsewhere, such as MongoDB Atlas, whose address
    with the password people put into a secret. `in_cluster`: three members on the cluster's nodes."""
    documentdb: DocumentDb = DocumentDb()
    in_cluster: InClusterMongodb | None = None
    services: tuple[EntryName, ...] = ()
    """With `external` and `in_cluster`: the workloads that use it. Each gets an empty secret for the address,
    or a user and a database of its own."""

    @model_validator(mode="after")
    def _settings_of_the_kind(self) -> Mongodb:
        if self.kind != "documentdb" and not self.services:
            raise ValueError(f"{self.kind} serves nobody; name the workloads that use it in services")
        for other in ("documentdb", "in_cluster"):
            if self.kind != other and other in self.model_fields_set:
                raise ValueError(f"{other} has settings, but kind is {self.kind}; remove {other}")
        if self.kind == "documentdb" and self.services:
            raise ValueError("services belongs to kind: external or in_cluster; remove services")
        if self.kind == "in_cluster" and self.in_cluster is None:
            raise ValueError(
                "in_cluster has no version; write in_cluster: {version: …} with an exact release of MongoDB"
            )
        if len(set(self.services)) != len(self.services):
            raise ValueError("services names a workload twice; name each once")
        return self


class Backup(Section):
    """A vault of AWS Backup for daily copies of databases, besides RDS's own backups."""

    keep_days: Annotated[int, Field(ge=1, le=36500)] = 35
    """Days that a copy is kept; the vault's lock lets nobody delete one earlier or make one that ends earlier."""
    final_after_days: Annotated[int, Field(ge=3, le=36500)] | None = None
    """Days after which nobody can change or remove the lock, not even AWS. Empty: whoever has the right to can."""


class Data(Section):
    """The `data` stack, which an environment has where AWS is to run one of these or a service reads parameters."""

    postgres: Postgres | None = None
    """A Postgres of RDS."""
    mongodb: Mongodb | None = None
    """A MongoDB."""
    backup: Backup | None = None
    """Daily copies in a locked vault."""

    @model_validator(mode="after")
    def _something_to_copy(self) -> Data:
        if self.backup and not self.postgres and not self.documentdb:
            raise ValueError("backup has nothing to copy; add postgres or a mongodb of DocumentDB, or remove backup")
        return self

    @property
    def documentdb(self) -> DocumentDb | None:
        """The settings of DocumentDB, where that is the choice."""
        return self.mongodb.documentdb if self.mongodb and self.mongodb.kind == "documentdb" else None

    @property
    def mongodb_readers(self) -> tuple[str, ...]:
        """The workloads whose MongoDB is elsewhere."""
        return self.mongodb.services if self.mongodb and self.mongodb.kind == "external" else ()

    @property
    def in_cluster(self) -> InClusterMongodb | None:
        """The settings of a MongoDB in the cluster, where that is the choice; the stack `addons` makes it."""
        return self.mongodb.in_cluster if self.mongodb else None
