"""Databases that AWS runs, where only the cluster's pods reach them, and which parameters each service reads."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.db_subnet_group import DbSubnetGroup
from constructs import Construct

from stacks.blocks.data import data_rules, documentdb, postgres
from stacks.blocks.data.backup_vault import TAG, LockedVault
from stacks.blocks.data.placement import Placement
from stacks.blocks.data.service_parameters import ServiceParameters
from stacks.blocks.secrets.secret_container import SecretContainer
from stacks.blocks.security.encryption_key import logs_key_use, make_or_use
from stacks.cluster import ClusterStack
from stacks.network import NetworkStack
from stacks.platform_stack import PlatformStack
from stacks.values import Environment


class DataStack(PlatformStack):
    """Databases in subnets without a way out, in a state that no change of the cluster or of a service touches."""

    def __init__(
        self, scope: Construct, environment: Environment, *, network: NetworkStack, cluster: ClusterStack
    ) -> None:
        data_rules.check(environment)
        super().__init__(scope, environment, "data")
        names, values = self.names, environment.data
        self.key = make_or_use(
            self,
            "key",
            existing=environment.keys.data,
            aws=self.aws,
            alias=names.alias("data"),
            description=f"Databases of {names.prefix}, their backups and logs, and parameters of services",
            statements=[
                logs_key_use(
                    self.aws,
                    *(postgres.log_group_name(names.postgres, log) for log in postgres.LOGS),
                    *(documentdb.log_group_name(names.documents, log) for log in documentdb.LOGS if values.documentdb),
                )
            ],
        )
        subnet_group = names.database_subnets
        if existing := environment.network.existing:
            subnet_group = DbSubnetGroup(
                self,
                "subnets",
                name=subnet_group,
                description="Subnets for databases in an existing VPC",
                subnet_ids=list(existing.database_subnet_ids),
            ).name
        placement = Placement(
            network.vpc_id, subnet_group, self._clients(cluster), self.key, tags=TAG if values.backup else {}
        )
        if values.postgres:
            self.postgres = postgres.PostgresInstance(
                self,
                "postgres",
                names=names,
                values=values.postgres,
                placement=placement,
            )
            self.add_outputs(
                postgres_address=self.postgres.instance.address, postgres_secret_arn=self.postgres.secret_arn
            )
        if values.documentdb:
            self.documents = documentdb.DocumentCluster(
                self,
                "documents",
                names=names,
                values=values.documentdb,
                placement=placement,
            )
            self.add_outputs(documents_address=self.documents.cluster.endpoint)
        for name in values.mongodb_readers:
            SecretContainer(
                self,
                f"mongodb_of_{name}",
                aws=self.aws,
                name=f"{names.parameter_path(name)}/mongodb-url",
                description=f"Address of the MongoDB that {name} uses, with user and password",
                key=self.key,
            )
        if values.backup:
            self.backup = LockedVault(self, "backup", names=names, values=values.backup, key=self.key)
        for name, workload in environment.parameter_readers.items():
            ServiceParameters(
                self,
                f"parameters_{name}",
                names=names,
                workload=name,
                namespace=workload.namespace,
                cluster_name=cluster.control_plane.cluster.name,
                cluster_arn=cluster.control_plane.cluster_arn,
                key=self.key,
            )

    def _clients(self, cluster: ClusterStack) -> dict[str, str]:
        """The security groups that pods come from: their node's, and EKS's own on Fargate and in Auto Mode."""
        values = self.environment.cluster
        groups = {"nodes": cluster.security_groups.nodes.id}
        if values.fargate_profiles or values.nodes == "auto_mode":
            groups["fargate"] = cluster.control_plane.security_group_id
        return groups
