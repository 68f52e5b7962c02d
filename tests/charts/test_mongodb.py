"""charts/mongodb: the members that the operator is to run, who reaches them, and which values are refused."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from groundwork.errors import ReleaseFailed
from groundwork.toolchain.process import run
from localcloud.kubernetes import manifests
from localcloud.kubernetes.helm import Helm
from localcloud.kubernetes.releases import Release
from tests.support import mongodb

GOLDEN = Path(__file__).with_name("golden") / "mongodb.yaml"
KUBERNETES = "1.35.0"
LABEL = {"app": "mongodb-svc"}


class Members:
    """The chart with the values of tests/support/mongodb.py, rendered by the helm binary."""

    def __init__(self, helm: Path) -> None:
        self.helm = Helm(helm, os.environ, run)
        self.release = mongodb.members()

    def text(self, **changes: Any) -> str:
        return self.helm.render(self.changed(**changes), kube_version=KUBERNETES)

    def changed(self, **changes: Any) -> Release:
        return replace(self.release, values=(*self.release.values, json.dumps(changes)))


@pytest.fixture(scope="module")
def members(helm: Path) -> Members:
    return Members(helm)


@pytest.fixture(scope="module")
def objects(members: Members) -> dict[str, dict[str, Any]]:
    """Kind → object."""
    read = [each for each in YAML(typ="safe", pure=True).load_all(members.text()) if each]
    assert len({each["kind"] for each in read}) == len(read)
    return {each["kind"]: each for each in read}


@pytest.fixture(scope="module")
def resource(objects: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = objects["MongoDBCommunity"]
    return made


@pytest.mark.row("2.8")
def test_there_are_three_members_a_zone_and_a_node_each(resource: dict[str, Any]) -> None:
    spec = resource["spec"]
    assert (spec["type"], spec["members"], spec["version"]) == ("ReplicaSet", 3, "8.3.4")
    assert resource["metadata"]["namespace"] == "mongodb", "a namespace of its own"
    spread = spec["statefulSet"]["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert [each["topologyKey"] for each in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    for each in spread:
        assert (each["maxSkew"], each["whenUnsatisfiable"]) == (1, "DoNotSchedule")
        assert each["labelSelector"] == {"matchLabels": LABEL}


@pytest.mark.row("2.8")
def test_nobody_connects_without_tls_and_a_user(resource: dict[str, Any]) -> None:
    security = resource["spec"]["security"]
    assert security["tls"] == {
        "enabled": True,
        "optional": False,
        "certificateKeySecretRef": {"name": "mongodb-tls"},
        "caCertificateSecretRef": {"name": "mongodb-tls"},
    }
    assert security["authentication"] == {"modes": ["SCRAM-SHA-256"], "ignoreUnknownUsers": False}


@pytest.mark.row("2.8")
def test_a_service_has_a_database_and_a_user_whose_password_is_a_secret(resource: dict[str, Any]) -> None:
    users = {each["name"]: each for each in resource["spec"]["users"]}
    assert set(users) == {"ledger", "users"}
    for name, user in users.items():
        assert user["roles"] == [{"name": "readWrite", "db": name}]
        assert user["passwordSecretRef"] == {"name": f"mongodb-user-{name}", "key": "password"}
        assert "password" not in user
    assert len({each["scramCredentialsSecretName"] for each in users.values()}) == 2


@pytest.mark.row("2.8")
def test_no_drain_takes_the_majority(objects: dict[str, Any]) -> None:
    budget = objects["PodDisruptionBudget"]["spec"]
    assert (budget["maxUnavailable"], budget["selector"]) == (1, {"matchLabels": LABEL})


def test_members_and_the_services_named_reach_it_and_no_others(objects: dict[str, Any]) -> None:
    policy = objects["NetworkPolicy"]["spec"]
    assert policy["podSelector"] == {"matchLabels": LABEL}
    assert policy["policyTypes"] == ["Ingress"]
    (rule,) = policy["ingress"]
    assert rule["ports"] == [{"port": 27017, "protocol": "TCP"}]
    itself, *services = rule["from"]
    assert itself == {"podSelector": {"matchLabels": LABEL}}
    reached = {
        each["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]: each["podSelector"]["matchExpressions"]
        for each in services
    }
    names = {"key": "app.kubernetes.io/name", "operator": "In"}
    assert reached == {
        "shop": [{**names, "values": ["users", "users-migrate"]}],
        "ledger": [{**names, "values": ["ledger", "ledger-migrate"]}],
    }


def test_volumes_are_encrypted_made_in_the_zone_of_their_member_and_kept(
    objects: dict[str, Any], resource: dict[str, Any]
) -> None:
    storage = objects["StorageClass"]
    assert (storage["provisioner"], storage["parameters"]["encrypted"]) == ("ebs.csi.aws.com", "true")
    assert (storage["volumeBindingMode"], storage["reclaimPolicy"]) == ("WaitForFirstConsumer", "Retain")
    claims = resource["spec"]["statefulSet"]["spec"]["volumeClaimTemplates"]
    sizes = {each["metadata"]["name"]: each["spec"]["resources"]["requests"]["storage"] for each in claims}
    assert sizes == {"data-volume": "20Gi", "logs-volume": "2Gi"}
    assert {each["spec"]["storageClassName"] for each in claims} == {storage["metadata"]["name"]}


@pytest.mark.row("2.8")
def test_the_operators_kind_knows_every_field(resource: dict[str, Any]) -> None:
    """What a kind does not know, the API drops without a word."""
    schema = mongodb.kind()
    jsonschema.validate(resource, schema)
    misspelt = {**resource, "spec": {**resource["spec"], "membres": 3}}
    with pytest.raises(jsonschema.ValidationError, match="membres"):
        jsonschema.validate(misspelt, schema)


def test_kubernetes_knows_what_the_stateful_set_is_to_have(resource: dict[str, Any]) -> None:
    """The operator's kind takes anything there, and merges it into the StatefulSet that it makes."""
    merged_in = resource["spec"]["statefulSet"]["spec"]
    stateful_set = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "mongodb"},
        "spec": {**merged_in, "serviceName": "mongodb-svc", "selector": {"matchLabels": LABEL}},
    }
    assert manifests.check(json.dumps(stateful_set), kube_version="1.35").valid == ("StatefulSet/mongodb",)


def test_kubernetes_knows_the_rest_and_lint_finds_nothing(members: Members) -> None:
    checked = manifests.check(members.text(), kube_version="1.35")
    assert set(checked.valid) == {"NetworkPolicy/mongodb", "PodDisruptionBudget/mongodb", "StorageClass/mongodb"}
    assert checked.skipped == ("MongoDBCommunity/mongodb",)
    assert members.text() == members.text()
    members.helm.lint(members.release, kube_version=KUBERNETES)


def test_it_renders_as_in_the_golden_file(members: Members, request: pytest.FixtureRequest) -> None:
    rendered = members.text()
    if request.config.getoption("--update-golden"):
        GOLDEN.write_text(rendered)
    assert rendered == GOLDEN.read_text(), "the chart renders differently: review with --update-golden and git diff"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"version": "latest"}, "/version"),
        ({"version": "8.3"}, "/version"),
        ({"tlsSecret": ""}, "/tlsSecret"),
        ({"storageGib": 0}, "/storageGib"),
        ({"services": {"users": None, "ledger": None}}, "/services"),
        ({"services": {"users": {"password": "secret"}}}, "'password' not allowed"),
        ({"members": 1}, "'members' not allowed"),
    ],
)
def test_values_that_cannot_work_are_refused(members: Members, changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ReleaseFailed) as raised:
        members.text(**changes)
    assert problem in raised.value.message
