"""A MongoDB in the cluster: its releases and their order, their values, and where it cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cdktf import Testing
from pydantic import ValidationError

from groundwork.preflight import files
from stacks import catalog
from stacks.blocks.errors import IllegalComposition
from stacks.platform import PlatformEnvironment
from tests.support.catalog import documents
from tests.support.karpenter import WITH_KARPENTER
from tests.support.mongodb import CLIENT, IN_CLUSTER
from tests.support.pipeline_roles import ACCOUNT
from tests.support.synth import environment, merged

Releases = dict[str, dict[str, Any]]


def releases_of(made: dict[str, Any]) -> Releases:
    """Name → helm_release of the stack `addons` with its values read, and its address."""
    return {
        body["name"]: {**body, "values": json.loads(body["values"][0]), "address": f"helm_release.{key}"}
        for key, body in made["dev-addons"]["resource"]["helm_release"].items()
    }


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    made: dict[str, Any] = documents(tmp_path_factory.mktemp("mongodb"), environment(**IN_CLUSTER))
    return made


@pytest.fixture(scope="module")
def releases(stacks: dict[str, Any]) -> Releases:
    return releases_of(stacks)


@pytest.mark.row("2.8")
def test_members_come_after_the_operator_and_so_go_before_it(releases: Releases) -> None:
    assert set(releases) == {"mongodb-operator", "mongodb"}
    assert releases["mongodb"]["depends_on"] == [releases["mongodb-operator"]["address"]]
    for release in releases.values():
        assert (release["namespace"], release["wait"], release["atomic"]) == ("mongodb", True, True)


@pytest.mark.row("2.8")
def test_the_operator_is_pinned_and_may_be_fetched_by_a_plan(
    releases: Releases, stacks: dict[str, Any], tmp_path: Path
) -> None:
    operator = releases["mongodb-operator"]
    assert operator["chart"] == "oci://quay.io/mongodb/helm-charts/mongodb-kubernetes"
    assert operator["version"] == "1.9.1"
    (tmp_path / releases["mongodb"]["chart"]).mkdir(parents=True)
    allowed = PlatformEnvironment(environment()).preflight.charts
    assert not list(files.check(stacks["dev-addons"], tmp_path, allowed))
    assert list(files.check(stacks["dev-addons"], tmp_path, frozenset()))


def test_the_operator_watches_one_kind_and_tells_nobody(releases: Releases) -> None:
    values = releases["mongodb-operator"]["values"]
    assert values["operator"]["watchedResources"] == ["mongodbcommunity"]
    assert values["operator"]["telemetry"] == {"enabled": False}
    assert values["operator"]["enableClusterMongoDBRoles"] is False
    assert values["operator"]["webhook"] == {"installClusterRole": False}


def test_images_come_through_the_cache_where_there_is_one(tmp_path: Path) -> None:
    cached = releases_of(documents(tmp_path, environment(**IN_CLUSTER, cluster={"image_cache": ["quay.io"]})))
    values = cached["mongodb-operator"]["values"]
    repository = f"{ACCOUNT}.dkr.ecr.eu-west-2.amazonaws.com/acme-dev/quay/mongodb"
    assert {values["registry"][each] for each in ("operator", "readinessProbe", "versionUpgradeHook")} == {repository}
    assert values["community"] == {"mongodb": {"repo": repository}, "registry": {"agent": repository}}


def test_the_members_know_which_services_they_have(releases: Releases) -> None:
    assert releases["mongodb"]["values"] == {
        "version": "8.3.4",
        "tlsSecret": "mongodb-tls",
        "storageGib": 20,
        "resources": {"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"memory": "2Gi"}},
        "services": {"users": {"namespace": "shop"}, "ledger": {"namespace": "ledger"}},
    }


def test_aws_runs_nothing_for_it(stacks: dict[str, Any]) -> None:
    assert "dev-data" not in stacks
    assert set(stacks["dev-addons"]["resource"]) == {"helm_release"}


def test_services_come_after_it_and_members_after_karpenters_pools(tmp_path: Path) -> None:
    values = environment(**IN_CLUSTER, cluster=WITH_KARPENTER)
    made = {stack.stack_name: stack for stack in catalog.build(Testing.app(), values)}
    assert {each.node.id for each in made["workloads"].dependencies} == {"dev-cluster", "dev-addons"}
    both = releases_of(documents(tmp_path, values))
    assert both["mongodb-operator"]["depends_on"] == [both["node-pools"]["address"]]


@pytest.mark.parametrize(
    ("mongodb", "why"),
    [
        ({"services": ["users"]}, "in_cluster has no version; write in_cluster"),
        ({"in_cluster": {"version": "8.3.4"}}, "in_cluster serves nobody; name the workloads"),
        ({"services": ["users"], "in_cluster": {"version": "8.3"}}, "String should match pattern"),
        ({"services": ["users"], "in_cluster": {"version": "latest"}}, "String should match pattern"),
        ({"services": ["users", "users"], "in_cluster": {"version": "8.3.4"}}, "services names a workload twice"),
        ({"services": ["users"], "in_cluster": {"version": "8.3.4", "password": "a"}}, "Extra inputs"),
        ({"services": ["users"], "in_cluster": {"version": "8.3.4"}, "documentdb": {}}, "documentdb has settings"),
    ],
)
def test_settings_that_cannot_be_are_refused(mongodb: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        environment(data={"mongodb": {"kind": "in_cluster", **mongodb}})


def test_a_backup_vault_for_it_alone_is_refused() -> None:
    """The vault copies what AWS runs."""
    with pytest.raises(ValidationError, match="backup has nothing to copy"):
        environment(**merged(IN_CLUSTER, {"data": {"backup": {}}}))


@pytest.mark.parametrize(
    ("changes", "key", "why"),
    [
        ({"cluster": {"nodes": "auto_mode"}}, "data.mongodb.kind", "whose volumes aws-ebs-csi-driver makes"),
        ({"cluster": {"addons": {}}}, "data.mongodb.kind", "whose volumes aws-ebs-csi-driver makes"),
        ({"network": {"zones": 2}}, "data.mongodb.kind", "loss of one would take the majority"),
        (
            {"network": {"nat": "none", "endpoint_preset": "private_nodes"}},
            "data.mongodb.kind",
            "images are in quay.io",
        ),
        (
            {"cluster": {"fargate_profiles": {"data": {"namespace": "mongodb"}}}},
            "cluster.fargate_profiles.data.namespace",
            "pods on Fargate mount no EBS volume",
        ),
        (
            {"data": {"mongodb": {"services": ["orders"]}}},
            "data.mongodb.services",
            "orders is not a workload",
        ),
        (
            {"workloads": {"users": {**CLIENT, "egress": []}}},
            "data.mongodb.services",
            "pods of users may connect to no address on port 27017",
        ),
    ],
)
def test_where_it_could_not_run_or_serve_raises(changes: dict[str, Any], key: str, why: str) -> None:
    with pytest.raises(IllegalComposition, match=why) as raised:
        catalog.build(Testing.app(), environment(**merged(IN_CLUSTER, changes)))
    assert raised.value.key == key


def test_the_laptop_has_none() -> None:
    laptop = {"target": "laptop", "accounts": {"main": {"id": "000000000000"}}}
    with pytest.raises(ValidationError, match="laptop's cluster has neither zones nor EBS"):
        environment(**merged(IN_CLUSTER, laptop))
