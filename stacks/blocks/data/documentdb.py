"""DocumentDB, AWS's database with MongoDB's protocol, that only pods reach and whose password nobody writes down."""

from __future__ import annotations

from typing import Final

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.docdb_cluster import DocdbCluster
from cdktf_cdktf_provider_aws.docdb_cluster_instance import DocdbClusterInstance
from cdktf_cdktf_provider_aws.docdb_cluster_parameter_group import (
    DocdbClusterParameterGroup,
    DocdbClusterParameterGroupParameter,
)
from constructs import Construct

from stacks.blocks.data.placement import Placement
from stacks.blocks.data.postgres import ADMINISTRATOR
from stacks.values import Names
from stacks.values.data import DocumentDb

PORT: Final = 27017
LOGS: Final = ("audit", "profiler")
VERSION: Final = "5.0.0"
_FAMILY: Final = "docdb5.0"


def log_group_name(name: str, log: str) -> str:
    """What DocumentDB calls the log group of a cluster (DocumentDB developer guide, "Auditing", "Profiling")."""
    return f"/aws/docdb/{name}/{log}"


class DocumentCluster(Construct):
    """A cluster at its placement.

    The placement's key encrypts documents, backups and logs. The secret with the administrator's password, which AWS
    makes, has AWS's own key: provider 5.100.0 knows no argument for another. Where `names.aws` protects, nothing
    deletes the cluster.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        values: DocumentDb,
        placement: Placement,
    ) -> None:
        super().__init__(scope, id_)
        aws, name = names.aws, names.documents
        self.security_group = placement.security_group(self, name=name, engine="DocumentDB", port=PORT)
        logs = placement.log_groups(self, {log: log_group_name(name, log) for log in LOGS}, days=values.log_days)
        # DocumentDB developer guide, "Encrypting data in transit", "Auditing", "Profiling": names and values.
        settings = {"tls": "enabled", "audit_logs": "enabled", "profiler": "enabled", "profiler_threshold_ms": "1000"}
        self.parameters = DocdbClusterParameterGroup(
            self,
            "parameters",
            name=names.of(_FAMILY.replace(".", "-")),
            family=_FAMILY,
            description=f"{name}: TLS only, who did what and slow operations are logged",
            parameter=[
                DocdbClusterParameterGroupParameter(name=each, value=value, apply_method="pending-reboot")
                for each, value in settings.items()
            ],
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        self.cluster = DocdbCluster(
            self,
            "cluster",
            cluster_identifier=name,
            engine_version=VERSION,
            port=PORT,
            master_username=ADMINISTRATOR,
            manage_master_user_password=True,
            storage_encrypted=True,
            kms_key_id=placement.key.arn,
            db_subnet_group_name=placement.subnet_group,
            vpc_security_group_ids=[self.security_group.id],
            db_cluster_parameter_group_name=self.parameters.name,
            backup_retention_period=values.backup_days,
            enabled_cloudwatch_logs_exports=list(LOGS),
            deletion_protection=aws.protect,
            skip_final_snapshot=not aws.protect,
            final_snapshot_identifier=f"{name}-final" if aws.protect else None,
            apply_immediately=True,
            tags=dict(placement.tags),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if aws.protect else None,
            depends_on=logs,
        )
        for number in range(values.instances):
            DocdbClusterInstance(
                self,
                f"instance_{number}",
                identifier=f"{name}-{number}",
                cluster_identifier=self.cluster.id,
                instance_class=values.instance_class,
                apply_immediately=True,
            )
