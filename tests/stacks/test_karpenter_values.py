"""Values of Karpenter that cannot work are refused, and what follows from those that do for quotas and bootstrap."""

from __future__ import annotations

from typing import Any

import pytest
from cdktf import Testing
from pydantic import ValidationError

from stacks import catalog
from stacks.blocks.errors import IllegalComposition
from stacks.platform import PlatformEnvironment
from tests.support.karpenter import POOLS, WITH_KARPENTER
from tests.support.pipeline_roles import ACCOUNT
from tests.support.synth import environment


def build(**changes: Any) -> None:
    catalog.build(Testing.app(), environment(**changes))


def karpenter(**changes: Any) -> dict[str, Any]:
    return {**WITH_KARPENTER, "karpenter": {**WITH_KARPENTER["karpenter"], **changes}}


NEWER: dict[str, Any] = {
    **karpenter(version="1.12.2"),
    "version": "1.36",
    "addons": {"kube-proxy": "v1.36.1-eksbuild.1", "coredns": "v1", "eks-pod-identity-agent": "v1"},
}


@pytest.mark.parametrize(
    ("values", "key", "why"),
    [
        ({**WITH_KARPENTER, "nodes": "managed_groups"}, "cluster.karpenter", "is set, and cluster.nodes is managed"),
        ({"nodes": "karpenter"}, "cluster.karpenter", "is missing, and cluster.nodes is karpenter"),
        ({**WITH_KARPENTER, "node_groups": {"home": {"min": 1}}}, "cluster.node_groups", "the groups keep 1"),
        ({**WITH_KARPENTER, "node_groups": {"home": {"capacity": "spot"}}}, "cluster.node_groups", "the groups keep 0"),
        (
            {**WITH_KARPENTER, "node_groups": {"home": {"taints": [{"key": "x"}]}}},
            "cluster.node_groups",
            "the groups keep 0",
        ),
        (karpenter(replicas=3), "cluster.node_groups", "3 replicas need as many nodes"),
        (
            {**WITH_KARPENTER, "addons": {"coredns": "v1.13.2-eksbuild.31"}},
            "cluster.addons",
            "'eks-pod-identity-agent'",
        ),
        (karpenter(version="1.7.4"), "cluster.karpenter.version", r"1\.7\.4 is not known"),
        (
            NEWER,
            "cluster.karpenter.version",
            r"1\.12\.2 works up to Kubernetes 1\.35, and the cluster has 1\.36",
        ),
    ],
)
def test_karpenter_without_home_or_a_fitting_version_raises(values: dict[str, Any], key: str, why: str) -> None:
    """Versions: Karpenter's compatibility matrix, hack/docs/compatibilitymatrix_gen/compatibility.yaml."""
    with pytest.raises(IllegalComposition, match=why) as raised:
        build(cluster=values)
    assert raised.value.key == key


def test_karpenter_without_a_way_out_raises() -> None:
    """Neither public.ecr.aws nor IAM has an endpoint for VPCs (Karpenter's documentation, spec.instanceProfile)."""
    network = {"nat": "none", "interface_endpoints": ["ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts"]}
    with pytest.raises(IllegalComposition, match="leaves no way out") as raised:
        build(cluster=WITH_KARPENTER, network=network)
    assert raised.value.key == "cluster.nodes"


def test_the_laptop_has_no_karpenter_because_no_instance_joins_its_cluster() -> None:
    laptop = {"target": "laptop", "accounts": {"main": {"id": "000000000000"}}}
    with pytest.raises(ValidationError, match=r"cluster\.nodes: karpenter, but instances of the embedded AWS"):
        environment(cluster=WITH_KARPENTER, **laptop)


@pytest.mark.parametrize(
    ("pool", "problem"),
    [
        ({"image_release": "latest"}, "should match pattern"),
        ({"image": "bottlerocket"}, "write one such as v1.50.0"),
        ({"image_release": "v1.50.0"}, "write one such as v20261023"),
        ({"budgets": [{"nodes": "0", "schedule": "0 8 * * 1-5"}]}, "schedule and hours belong together"),
        ({"budgets": [{"nodes": "half"}]}, "should match pattern"),
        ({"cpus": 0}, "greater than or equal to 2"),
    ],
)
def test_a_pool_that_karpenter_would_refuse_is_refused(pool: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        environment(cluster=karpenter(pools={"general": {**POOLS["general"], **pool}}))


def test_a_pool_has_limits_and_an_exact_image() -> None:
    with pytest.raises(ValidationError) as raised:
        environment(cluster=karpenter(pools={"general": {}}))
    assert {error["loc"][-1] for error in raised.value.errors()} == {"image_release", "cpus", "memory_gib"}


def test_quotas_of_vcpus_count_what_pools_may_grow_to() -> None:
    needs = {need.code: need.needed for need in PlatformEnvironment(environment(cluster=WITH_KARPENTER)).quotas}
    assert needs["L-1216C47A"] == 6 * 2 + 64 + 32, "on demand: the group at its largest, and both pools"
    assert needs["L-34B43A08"] == 32, "spot"


def test_bootstrap_looks_for_ec2s_role_where_a_pool_takes_spot_instances() -> None:
    """Karpenter's documentation, "Getting Started": without it the first spot instance of an account is refused."""
    principals = PlatformEnvironment(environment(cluster=WITH_KARPENTER)).principals
    assert principals == {
        "cluster.karpenter.pools.batch.capacity": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/spot.amazonaws.com/"
        "AWSServiceRoleForEC2Spot"
    }
