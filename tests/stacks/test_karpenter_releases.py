"""Karpenter in the cluster: the order of its releases, and their values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cdktf import Testing

from stacks import catalog
from stacks.platform import PlatformEnvironment
from tests.support.catalog import documents
from tests.support.karpenter import POOLS, WITH_KARPENTER
from tests.support.pipeline_roles import ACCOUNT, REPOSITORY
from tests.support.synth import environment, only_resource, resources

EXISTING = {
    "vpc_id": "vpc-12345678",
    "cidr": "10.1.0.0/16",
    "private_subnet_ids": ["subnet-0000aaaa", "subnet-0000bbbb"],
}


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    made: dict[str, Any] = documents(tmp_path_factory.mktemp("karpenter"), environment(cluster=WITH_KARPENTER))
    return made


@pytest.fixture(scope="module")
def cluster(stacks: dict[str, Any]) -> Any:
    return stacks["dev-cluster"]


@pytest.fixture(scope="module")
def releases(stacks: dict[str, Any]) -> dict[str, Any]:
    """Name → helm_release with its values read, and its address."""
    made = stacks["dev-addons"]["resource"]["helm_release"]
    return {
        body["name"]: {**body, "values": json.loads(body["values"][0]), "address": f"helm_release.{key}"}
        for key, body in made.items()
    }


def test_pools_come_after_the_controller_and_so_go_before_it(releases: dict[str, Any]) -> None:
    """Without the controller, finalizers would keep nodes and pools for ever (karpenter-provider-aws, issue 5079)."""
    assert releases["node-pools"]["depends_on"] == [releases["karpenter"]["address"]]
    assert releases["karpenter"]["depends_on"] == [releases["karpenter-crd"]["address"]]
    assert all(release["wait"] and release["atomic"] for release in releases.values())


def test_removing_pools_may_take_as_long_as_their_slowest_drain(releases: dict[str, Any]) -> None:
    assert POOLS["batch"]["drain_minutes"] == 90
    assert releases["node-pools"]["timeout"] >= 90 * 60


@pytest.mark.row("4.20")
def test_karpenter_and_its_kinds_are_pinned_to_one_version(releases: dict[str, Any]) -> None:
    for name in ("karpenter", "karpenter-crd"):
        assert releases[name]["chart"] == f"oci://public.ecr.aws/karpenter/{name}"
        assert releases[name]["version"] == "1.14.3"
        assert releases[name]["namespace"] == "kube-system"


def test_kinds_stay_when_their_release_goes(releases: dict[str, Any]) -> None:
    assert releases["karpenter-crd"]["values"] == {"additionalAnnotations": {"helm.sh/resource-policy": "keep"}}


def test_the_controller_is_told_its_cluster_and_queue(releases: dict[str, Any], cluster: Any) -> None:
    values = releases["karpenter"]["values"]
    assert values["settings"]["clusterName"] == only_resource(cluster, "aws_eks_cluster")["name"]
    assert values["settings"]["interruptionQueue"] == only_resource(cluster, "aws_sqs_queue")["name"]
    assert values["controller"]["image"] == {"repository": "public.ecr.aws/karpenter/controller"}
    assert values["controller"]["resources"]["limits"] == {"memory": "1Gi"}


def test_the_controllers_image_comes_through_the_cache_where_there_is_one(tmp_path: Path) -> None:
    cached = {**WITH_KARPENTER, "image_cache": ["public.ecr.aws"]}
    made = documents(tmp_path, environment(cluster=cached))
    values = [json.loads(body["values"][0]) for body in resources(made["dev-addons"], "helm_release")]
    (image,) = [each["controller"]["image"]["repository"] for each in values if "controller" in each]
    assert image == f"{ACCOUNT}.dkr.ecr.eu-west-2.amazonaws.com/acme-dev/public/karpenter/controller"
    roles = {body["name"]: key for key, body in made["dev-cluster"]["resource"]["aws_iam_role"].items()}
    imports = {
        body["role"] for body in resources(made["dev-cluster"], "aws_iam_role_policy") if body["name"] == "image-cache"
    }
    assert f"${{aws_iam_role.{roles['acme-dev-karpenter-nodes']}.id}}" in imports


def test_pools_find_the_subnets_and_group_that_carry_the_clusters_name(
    stacks: dict[str, Any], releases: dict[str, Any]
) -> None:
    values = releases["node-pools"]["values"]
    (selector,) = values["subnets"]
    assert values["securityGroups"] == [selector]

    def tagged(stack: str, kind: str) -> list[str]:
        return [
            body["tags"]["Name"]
            for body in resources(stacks[stack], kind)
            if selector["tags"].items() <= body.get("tags", {}).items()
        ]

    assert len(tagged("dev-network", "aws_subnet")) == 3
    assert all("private" in name for name in tagged("dev-network", "aws_subnet"))
    assert tagged("dev-cluster", "aws_security_group") == ["acme-dev-cluster-nodes"]


def test_pools_use_the_subnets_of_an_existing_network_by_id(tmp_path: Path) -> None:
    made = documents(tmp_path, environment(cluster=WITH_KARPENTER, network={"existing": EXISTING}))
    (values,) = [
        json.loads(body["values"][0])
        for body in resources(made["dev-addons"], "helm_release")
        if body["name"] == "node-pools"
    ]
    assert values["subnets"] == [{"id": "subnet-0000aaaa"}, {"id": "subnet-0000bbbb"}]


def test_nodes_carry_every_tag_and_are_of_no_stack(stacks: dict[str, Any], releases: dict[str, Any]) -> None:
    every = stacks["dev-addons"]["provider"]["aws"][0]["default_tags"][0]["tags"]
    assert releases["node-pools"]["values"]["tags"] == {**every, "stack": "node-pools"}, "gw recover would miss them"


def test_services_come_after_karpenter_and_go_before_it() -> None:
    values = environment(cluster=WITH_KARPENTER)
    stacks = {stack.stack_name: stack for stack in catalog.build(Testing.app(), values)}
    assert {each.node.id for each in stacks["workloads"].dependencies} == {"dev-cluster", "dev-addons"}
    upstream = set(PlatformEnvironment(values).upstream_of("dev-workloads"))
    assert upstream == {"dev-cluster", "dev-addons", "dev-data"}


@pytest.mark.parametrize("nodes", ["managed_groups", "auto_mode"])
def test_without_karpenter_nothing_of_it_is_made(nodes: str, tmp_path: Path) -> None:
    made = documents(tmp_path, environment(cluster={"nodes": nodes}, singletons={"github_repository": REPOSITORY}))
    assert "dev-addons" not in made
    without_tags = json.dumps(made).replace("karpenter.sh/discovery", "")
    assert "karpenter" not in without_tags
