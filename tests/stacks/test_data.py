"""A Postgres of RDS: who reaches it, what is never lost, and that nobody writes its password down."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.waivers import waivers
from stacks.network import NetworkStack
from tests.support.data_stack import data_stack
from tests.support.pipeline_roles import ACCOUNT, actions_of, allowed, delivery
from tests.support.synth import environment, only_resource, resources, statements, synth

HOME = f"eu-west-2:{ACCOUNT}"
POSTGRES: dict[str, Any] = {"postgres": {}}


@pytest.fixture(scope="module")
def default() -> Any:
    return synth(data_stack, data=POSTGRES)


@pytest.fixture(scope="module")
def protected() -> Any:
    return synth(data_stack, data=POSTGRES, protect=True)


# ── what is never lost ─────────────────────────────────────────────────────────────────────────────
@pytest.mark.row("3.4")
def test_a_second_zone_takes_over_and_two_weeks_can_be_restored(default: Any) -> None:
    instance = only_resource(default, "aws_db_instance")
    assert (instance["engine"], instance["engine_version"], instance["multi_az"]) == ("postgres", "17", True)
    assert instance["backup_retention_period"] == 14
    assert instance["copy_tags_to_snapshot"] is True


@pytest.mark.row("3.4")
def test_a_protected_database_is_not_deleted_and_would_leave_a_snapshot(protected: Any) -> None:
    instance = only_resource(protected, "aws_db_instance")
    assert instance["deletion_protection"] is True
    assert instance["lifecycle"] == {"prevent_destroy": True}
    assert (instance["skip_final_snapshot"], instance["final_snapshot_identifier"]) == (
        False,
        "acme-dev-postgres-final",
    )
    assert instance["delete_automated_backups"] is False


def test_an_unprotected_database_goes_without_a_trace(default: Any) -> None:
    instance = only_resource(default, "aws_db_instance")
    assert (instance["deletion_protection"], instance["skip_final_snapshot"]) == (False, True)
    assert "lifecycle" not in instance
    assert "final_snapshot_identifier" not in instance


# ── who reaches it ─────────────────────────────────────────────────────────────────────────────────
def test_only_pods_of_the_cluster_come_in_and_nothing_goes_out(default: Any) -> None:
    rule = only_resource(default, "aws_vpc_security_group_ingress_rule")
    assert (rule["from_port"], rule["to_port"], rule["ip_protocol"]) == (5432, 5432, "tcp")
    assert "security_groups_nodes" in rule["referenced_security_group_id"]
    assert "cidr_ipv4" not in rule
    assert not resources(default, "aws_vpc_security_group_egress_rule")
    assert "egress" not in only_resource(default, "aws_security_group")


@pytest.mark.parametrize(
    "cluster", [{"fargate_profiles": {"jobs": {"namespace": "jobs"}}}, {"nodes": "auto_mode"}], ids=["fargate", "auto"]
)
def test_pods_without_our_nodes_come_in_by_the_group_that_eks_makes(cluster: dict[str, Any]) -> None:
    """EKS user guide: pods on Fargate and nodes of Auto Mode have the cluster security group."""
    document = synth(data_stack, data=POSTGRES, cluster=cluster)
    peers = {
        rule["referenced_security_group_id"] for rule in resources(document, "aws_vpc_security_group_ingress_rule")
    }
    assert len(peers) == 2
    assert any("cluster_security_group_id" in peer for peer in peers)


def test_it_lies_in_subnets_without_a_way_out_and_has_no_public_address(default: Any) -> None:
    instance = only_resource(default, "aws_db_instance")
    assert instance["publicly_accessible"] is False
    assert instance["db_subnet_group_name"] == "acme-dev-database"
    network = synth(NetworkStack)
    assert only_resource(network, "aws_db_subnet_group")["name"] == "acme-dev-database"


def test_connections_without_tls_are_refused_and_users_may_sign_in_by_iam(default: Any) -> None:
    """RDS user guide, "Requiring an SSL connection to a PostgreSQL DB instance": rds.force_ssl."""
    group = only_resource(default, "aws_db_parameter_group")
    assert {each["name"]: each["value"] for each in group["parameter"]} == {
        "rds.force_ssl": "1",
        "log_min_duration_statement": "1000",
        "log_statement": "ddl",
    }
    instance = only_resource(default, "aws_db_instance")
    assert instance["parameter_group_name"].startswith("${aws_db_parameter_group.")
    assert instance["iam_database_authentication_enabled"] is True


# ── secrets and keys ───────────────────────────────────────────────────────────────────────────────
def test_rds_makes_the_password_so_that_no_plan_or_state_holds_it(default: Any) -> None:
    """Provider documentation, aws_db_instance: manage_master_user_password and master_user_secret (an ARN)."""
    instance = only_resource(default, "aws_db_instance")
    assert instance["manage_master_user_password"] is True
    assert not {name for name in instance if name.startswith("password")}
    assert default["output"]["postgres_secret_arn"]["value"].endswith(".master_user_secret[0].secret_arn}")
    assert "aws_secretsmanager_secret_version" not in json.dumps(default)


def test_one_key_of_ours_encrypts_storage_password_insights_and_logs(default: Any) -> None:
    (key,) = default["resource"]["aws_kms_key"]
    arn = f"${{aws_kms_key.{key}.arn}}"
    instance = only_resource(default, "aws_db_instance")
    assert instance["storage_encrypted"] is True
    assert {instance[name] for name in ("kms_key_id", "master_user_secret_kms_key_id")} == {arn}
    assert (instance["performance_insights_enabled"], instance["performance_insights_kms_key_id"]) == (True, arn)
    groups = resources(default, "aws_cloudwatch_log_group")
    assert {(group["name"], group["kms_key_id"]) for group in groups} == {
        (f"/aws/rds/instance/acme-dev-postgres/{log}", arn) for log in ("postgresql", "upgrade")
    }
    policy = statements(only_resource(default, "aws_kms_key")["policy"])["CloudWatchLogsUsesKey"]
    assert [each.rpartition(":log-group:")[2] for each in
            policy["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]] == \
        [f"/aws/rds/instance/acme-dev-postgres/{log}" for log in ("postgresql", "upgrade")]  # fmt: skip


def test_log_groups_are_made_before_rds_would_make_its_own(default: Any) -> None:
    before = only_resource(default, "aws_db_instance")["depends_on"]
    assert {each for each in before if each.startswith("aws_cloudwatch_log_group.")} == {
        f"aws_cloudwatch_log_group.{name}" for name in default["resource"]["aws_cloudwatch_log_group"]
    }


def test_only_rds_of_this_account_takes_the_role_that_writes_metrics(default: Any) -> None:
    """RDS user guide, "Setting up for enhanced monitoring": the trust policy against confused deputies."""
    trust = statements(only_resource(default, "aws_iam_role")["assume_role_policy"])["ServiceAssumes"]
    assert trust["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:rds:{HOME}:db:acme-dev-postgres"},
    }
    assert only_resource(default, "aws_db_instance")["monitoring_interval"] == 60


# ── the pipeline ───────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("role", "action", "resource"),
    [
        ("plan", "rds:DescribeDBInstances", f"arn:aws:rds:{HOME}:db:*"),
        ("plan-pull-request", "rds:DescribeDBParameters", f"arn:aws:rds:{HOME}:pg:acme-dev-postgres17"),
        ("apply", "rds:CreateDBInstance", f"arn:aws:rds:{HOME}:db:acme-dev-postgres"),
        ("apply", "rds:CreateDBInstance", f"arn:aws:rds:{HOME}:subgrp:acme-dev-database"),
        ("apply", "secretsmanager:CreateSecret", f"arn:aws:secretsmanager:{HOME}:secret:rds!db-1"),
    ],
)
def test_the_pipeline_may_make_a_database(role: str, action: str, resource: str) -> None:
    assert allowed(delivery(data=POSTGRES), role, action, resource)


@pytest.mark.parametrize(
    ("role", "action", "resource"),
    [
        ("plan", "rds:ModifyDBInstance", f"arn:aws:rds:{HOME}:db:acme-dev-postgres"),
        ("apply", "rds:DeleteDBInstance", f"arn:aws:rds:{HOME}:db:acme-prod-postgres"),
        ("apply", "rds:DeleteDBSnapshot", f"arn:aws:rds:{HOME}:snapshot:acme-dev-postgres-final"),
        ("apply", "rds:DeleteDBInstanceAutomatedBackup", f"arn:aws:rds:{HOME}:auto-backup:ab-1"),
        ("apply", "rds:ModifyDBSnapshotAttribute", f"arn:aws:rds:{HOME}:snapshot:acme-dev-postgres-final"),
        ("apply", "rds-db:connect", f"arn:aws:rds-db:{HOME}:dbuser:db-1/platform_admin"),
        ("apply", "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HOME}:secret:rds!db-1"),
        ("plan", "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HOME}:secret:rds!db-1"),
        ("apply", "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/acme-dev-nodes"),
    ],
)
def test_the_pipeline_reads_no_password_and_deletes_no_backup(role: str, action: str, resource: str) -> None:
    context = {"iam:PassedToService": "monitoring.rds.amazonaws.com"}
    assert not allowed(delivery(data=POSTGRES), role, action, resource, context)


def test_without_a_database_the_pipeline_has_no_right_to_one() -> None:
    for role in ("plan", "apply"):
        assert not {each for each in actions_of(delivery(), role) if each.startswith("rds:") and "Instance" in each}


# ── values that cannot work ────────────────────────────────────────────────────────────────────────
def test_storage_that_could_not_grow_by_a_tenth_is_refused() -> None:
    """RDS user guide, "Managing capacity automatically with Amazon RDS storage autoscaling"."""
    with pytest.raises(ValidationError, match=r"max_storage_gib 105 .* write at least 110"):
        environment(data={"postgres": {"storage_gib": 100, "max_storage_gib": 105}})


@pytest.mark.parametrize(
    "wrong",
    [{"version": "15"}, {"backup_days": 0}, {"backup_days": 36}, {"instance_class": "m7g.large"}, {"password": "x"}],
    ids=str,
)
def test_what_rds_refuses_or_would_not_protect_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        environment(data={"postgres": wrong})


EXISTING = {
    "vpc_id": "vpc-0123456789abcdef0",
    "cidr": "10.99.0.0/16",
    "private_subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
}


def test_an_existing_vpc_without_two_subnets_for_databases_raises() -> None:
    too_few = {**EXISTING, "database_subnet_ids": ["subnet-0123456789abcdef2"]}
    with pytest.raises(IllegalComposition, match="names 1, and a database needs subnets in two zones") as raised:
        synth(data_stack, data=POSTGRES, network={"existing": too_few})
    assert raised.value.key == "network.existing.database_subnet_ids"


def test_in_an_existing_vpc_the_database_is_in_the_named_subnets() -> None:
    two = {**EXISTING, "database_subnet_ids": ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"]}
    document = synth(data_stack, data=POSTGRES, network={"existing": two})
    group = only_resource(document, "aws_db_subnet_group")
    assert (group["name"], group["subnet_ids"]) == ("acme-dev-database", two["database_subnet_ids"])
    (key,) = document["resource"]["aws_db_subnet_group"]
    assert only_resource(document, "aws_db_instance")["db_subnet_group_name"] == f"${{aws_db_subnet_group.{key}.name}}"


def test_what_checkov_misses_by_a_value_is_waived_beside_the_instance() -> None:
    from cdktf import Testing

    def waived(**values: Any) -> set[str]:
        return {waiver.check for waiver in waivers(data_stack(Testing.app(), environment(**values)))}

    assert waived(data=POSTGRES, protect=True) == set()
    assert waived(data={"postgres": {"multi_az": False}}) == {"CKV_AWS_157", "CKV_AWS_293"}
