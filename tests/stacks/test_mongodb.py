"""A MongoDB by a value: DocumentDB, or an address that only a secret has."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from stacks.blocks.errors import IllegalComposition
from tests.support.data_stack import READER, data_stack
from tests.support.pipeline_roles import ACCOUNT
from tests.support.synth import environment, only_resource, resources, statements, synth

HOME = f"eu-west-2:{ACCOUNT}"
DOCUMENTS: dict[str, Any] = {"mongodb": {"kind": "documentdb"}}
ATLAS: dict[str, Any] = {
    "data": {"mongodb": {"kind": "external", "services": ["users"]}},
    "workloads": {"users": READER},
}


@pytest.fixture(scope="module")
def documents() -> Any:
    return synth(data_stack, data=DOCUMENTS)


def test_documentdb_takes_connections_of_pods_with_tls_alone(documents: Any) -> None:
    """DocumentDB developer guide, "Encrypting data in transit": the parameter tls."""
    rule = only_resource(documents, "aws_vpc_security_group_ingress_rule")
    assert (rule["from_port"], rule["to_port"]) == (27017, 27017)
    assert "security_groups_nodes" in rule["referenced_security_group_id"]
    group = only_resource(documents, "aws_docdb_cluster_parameter_group")
    assert {each["name"]: each["value"] for each in group["parameter"]}["tls"] == "enabled"
    assert only_resource(documents, "aws_docdb_cluster")["db_subnet_group_name"] == "acme-dev-database"


def test_documentdb_has_three_instances_and_a_password_nobody_knows(documents: Any) -> None:
    cluster = only_resource(documents, "aws_docdb_cluster")
    assert len(resources(documents, "aws_docdb_cluster_instance")) == 3
    assert (cluster["storage_encrypted"], cluster["kms_key_id"][:14]) == (True, "${aws_kms_key.")
    assert cluster["manage_master_user_password"] is True
    assert not {name for name in cluster if name.startswith("master_password")}
    assert cluster["backup_retention_period"] == 14


def test_a_protected_documentdb_is_not_deleted_and_would_leave_a_snapshot() -> None:
    cluster = only_resource(synth(data_stack, data=DOCUMENTS, protect=True), "aws_docdb_cluster")
    assert (cluster["deletion_protection"], cluster["lifecycle"]) == (True, {"prevent_destroy": True})
    assert (cluster["skip_final_snapshot"], cluster["final_snapshot_identifier"]) == (False, "acme-dev-documents-final")


@pytest.mark.row("4.15")
def test_the_address_of_an_atlas_cluster_is_a_secret_that_people_fill() -> None:
    document = synth(data_stack, **ATLAS)
    secret = only_resource(document, "aws_secretsmanager_secret")
    assert secret["name"] == "acme-dev/users/mongodb-url"
    assert secret["kms_key_id"].startswith("${aws_kms_key.")
    assert "aws_secretsmanager_secret_version" not in document["resource"]
    assert "mongodb://" not in json.dumps(document)
    assert not {kind for kind in document["resource"] if "docdb" in kind}


@pytest.mark.row("4.15")
def test_pods_of_the_service_read_that_secret_and_no_others_do() -> None:
    document = synth(data_stack, **ATLAS)
    (role,) = [
        key for key, body in document["resource"]["aws_iam_role"].items() if body["name"] == "acme-dev-pods-users"
    ]
    (policy,) = resources(document, "aws_iam_role_policy")
    assert policy["role"] == f"${{aws_iam_role.{role}.id}}"
    own = statements(policy["policy"])["OwnSecrets"]["Resource"]
    assert own == f"arn:aws:secretsmanager:{HOME}:secret:acme-dev/users/*"


@pytest.mark.parametrize(
    ("mongodb", "why"),
    [
        ({"kind": "external"}, "external serves nobody"),
        (
            {"kind": "external", "services": ["users"], "documentdb": {}},
            "documentdb has settings, but kind is external",
        ),
        ({"kind": "documentdb", "services": ["users"]}, "services belongs to kind: external"),
        ({"kind": "external", "services": ["mongodb+srv://user:word@atlas.example/db"]}, "String should match pattern"),
        ({"kind": "atlas"}, "Input should be"),
    ],
)
def test_a_mongodb_that_cannot_be_or_an_address_in_the_file_is_refused(mongodb: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        environment(data={"mongodb": mongodb})


def test_a_service_that_may_not_read_the_address_raises() -> None:
    with pytest.raises(IllegalComposition, match="users is not a workload whose pods may read secrets") as raised:
        synth(data_stack, data=ATLAS["data"])
    assert raised.value.key == "data.mongodb.services"
