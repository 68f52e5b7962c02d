"""RDS Postgres that nobody reaches from outside, whose administrator's password nobody writes down."""

from __future__ import annotations

from typing import Final

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.db_instance import DbInstance
from cdktf_cdktf_provider_aws.db_parameter_group import DbParameterGroup, DbParameterGroupParameter
from constructs import Construct

from stacks.blocks.data.placement import Placement
from stacks.blocks.iam.service_role import ServiceRole
from stacks.blocks.waivers import waive
from stacks.values import Names
from stacks.values.data import Postgres

PORT: Final = 5432
ADMINISTRATOR: Final = "platform_admin"
LOGS: Final = ("postgresql", "upgrade")


def log_group_name(name: str, log: str) -> str:
    """What RDS calls the log group of an instance (RDS user guide, "Publishing PostgreSQL logs to CloudWatch")."""
    return f"/aws/rds/instance/{name}/{log}"


class PostgresInstance(Construct):
    """An instance at its placement.

    The placement's key encrypts storage, backups, logs, insights and the secret with the administrator's password: RDS
    makes that secret itself, so that neither a plan nor a state holds the password. Services sign in with users of
    their own. Where `names.aws` protects, neither AWS nor Terraform deletes it, and a last snapshot would stay.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        values: Postgres,
        placement: Placement,
    ) -> None:
        super().__init__(scope, id_)
        aws, name = names.aws, names.postgres
        self.security_group = placement.security_group(self, name=name, engine="Postgres", port=PORT)
        logs = placement.log_groups(self, {log: log_group_name(name, log) for log in LOGS}, days=values.log_days)
        self.monitoring = ServiceRole(
            self,
            "monitoring",
            name=names.of("postgres-monitoring"),
            description=f"Metrics of the operating system below {name}",
            service="monitoring.rds.amazonaws.com",
            source_account=aws.account,
            source_arns=[aws.arn("rds", f"db:{name}")],
        )
        metrics = self.monitoring.attach(
            "policy", aws.managed_policy_arn("service-role/AmazonRDSEnhancedMonitoringRole")
        )
        self.parameters = self._parameters(names, values)
        self.instance = DbInstance(
            self,
            "instance",
            identifier=name,
            engine="postgres",
            # The major version alone: RDS installs minor ones, and a plan does not show them.
            engine_version=values.version,
            auto_minor_version_upgrade=True,
            allow_major_version_upgrade=True,
            instance_class=values.instance_class,
            multi_az=values.multi_az,
            storage_type="gp3",
            allocated_storage=values.storage_gib,
            max_allocated_storage=values.max_storage_gib,
            storage_encrypted=True,
            kms_key_id=placement.key.arn,
            port=PORT,
            username=ADMINISTRATOR,
            manage_master_user_password=True,
            master_user_secret_kms_key_id=placement.key.arn,
            iam_database_authentication_enabled=True,
            db_subnet_group_name=placement.subnet_group,
            vpc_security_group_ids=[self.security_group.id],
            publicly_accessible=False,
            parameter_group_name=self.parameters.name,
            backup_retention_period=values.backup_days,
            copy_tags_to_snapshot=True,
            delete_automated_backups=not aws.protect,
            deletion_protection=aws.protect,
            skip_final_snapshot=not aws.protect,
            final_snapshot_identifier=f"{name}-final" if aws.protect else None,
            enabled_cloudwatch_logs_exports=list(LOGS),
            performance_insights_enabled=True,
            performance_insights_kms_key_id=placement.key.arn,
            performance_insights_retention_period=7,  # days, which cost nothing
            monitoring_interval=60,
            monitoring_role_arn=self.monitoring.arn,
            # Somebody approved the change for now. If it waited for the window, every plan until then would show it.
            apply_immediately=True,
            tags=dict(placement.tags),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if aws.protect else None,
            depends_on=[metrics, *logs],
        )
        if not aws.protect:
            waive(
                self.instance,
                "CKV_AWS_293",
                reason="An environment with protect: false is made to be destroyed with everything that is in it.",
            )
        if not values.multi_az:
            waive(
                self.instance,
                "CKV_AWS_157",
                reason="data.postgres.multi_az is false: the environment can wait for a restore when a zone fails.",
            )

    def _parameters(self, names: Names, values: Postgres) -> DbParameterGroup:
        family = f"postgres{values.version}"
        settings = {
            # No connection without TLS; RDS has it so by default since version 15.
            "rds.force_ssl": "1",
            "log_min_duration_statement": str(values.slow_query_ms),
            "log_statement": "ddl",
        }
        return DbParameterGroup(
            self,
            "parameters",
            name=names.of(family),
            family=family,
            description=f"{names.postgres}: TLS only, slow statements and changes of the schema are logged",
            parameter=[
                DbParameterGroupParameter(name=name, value=value, apply_method="immediate")
                for name, value in settings.items()
            ],
            # Another major version has another group, which the instance has to leave first.
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )

    @property
    def secret_arn(self) -> str:
        """ARN of the secret with the administrator's name and password."""
        arn: str = self.instance.master_user_secret.get(0).secret_arn
        return arn
