"""charts/node-pools: what Karpenter's nodes are like, and which values are refused; and Karpenter's own chart."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from groundwork.errors import ReleaseFailed
from groundwork.toolchain.process import run
from localcloud.kubernetes import manifests
from localcloud.kubernetes.helm import Helm
from localcloud.kubernetes.releases import Release
from tests.support.karpenter import charts, releases

KUBERNETES = "1.35.0"


class Pools:
    """The chart with the pools of tests/support/karpenter.py, rendered by the helm binary."""

    def __init__(self, helm: Path) -> None:
        self.helm = Helm(helm, os.environ, run)
        self.release = releases(Path())["node-pools"]

    def objects(self, **changes: Any) -> dict[str, dict[str, Any]]:
        """Kind/name → object."""
        text = self.helm.render(self.changed(**changes), kube_version=KUBERNETES)
        read = [each for each in YAML(typ="safe", pure=True).load_all(text) if each]
        return {f"{each['kind']}/{each['metadata']['name']}": each for each in read}

    def changed(self, **changes: Any) -> Release:
        return replace(self.release, values=(*self.release.values, json.dumps(changes)))


@pytest.fixture(scope="module")
def pools(helm: Path) -> Pools:
    return Pools(helm)


@pytest.fixture(scope="module")
def objects(pools: Pools) -> dict[str, dict[str, Any]]:
    return pools.objects()


def requirements(pool: dict[str, Any]) -> dict[str, tuple[str, list[str]]]:
    required = pool["spec"]["template"]["spec"]["requirements"]
    return {each["key"].rpartition("/")[2]: (each["operator"], each["values"]) for each in required}


def test_every_pool_has_a_class_of_its_own(objects: dict[str, Any]) -> None:
    assert set(objects) == {"NodePool/general", "EC2NodeClass/general", "NodePool/batch", "EC2NodeClass/batch"}
    for name in ("general", "batch"):
        reference = objects[f"NodePool/{name}"]["spec"]["template"]["spec"]["nodeClassRef"]
        assert reference == {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": name}


def test_images_are_pinned_and_disks_encrypted(objects: dict[str, Any]) -> None:
    general, batch = objects["EC2NodeClass/general"]["spec"], objects["EC2NodeClass/batch"]["spec"]
    assert general["amiSelectorTerms"] == [{"alias": "al2023@v20261023"}]
    assert batch["amiSelectorTerms"] == [{"alias": "bottlerocket@v1.50.0"}]
    disks = {disk["deviceName"]: disk["ebs"] for disk in batch["blockDeviceMappings"]}
    assert disks["/dev/xvdb"]["volumeSize"] == "100Gi", "images and pods; Bottlerocket's own system is on /dev/xvda"
    assert all(disk["ebs"]["encrypted"] for each in (general, batch) for disk in each["blockDeviceMappings"])


def test_pods_cannot_use_the_nodes_role_and_nodes_are_private(objects: dict[str, Any]) -> None:
    for name in ("general", "batch"):
        spec = objects[f"EC2NodeClass/{name}"]["spec"]
        options = spec["metadataOptions"]
        assert (options["httpTokens"], options["httpPutResponseHopLimit"]) == ("required", 1)
        assert spec["associatePublicIPAddress"] is False
        assert (spec["instanceProfile"], "role" in spec) == ("acme-dev-karpenter-nodes", False)
        assert spec["tags"] == {"environment": "dev", "team": "platform"}
        assert spec["kubelet"] == {"maxPods": 110}


def test_a_pool_takes_the_instances_of_its_values_and_no_smaller_ones(objects: dict[str, Any]) -> None:
    assert requirements(objects["NodePool/batch"]) == {
        "os": ("In", ["linux"]),
        "arch": ("In", ["arm64", "amd64"]),
        "capacity-type": ("In", ["spot", "on-demand"]),
        "instance-category": ("In", ["c"]),
        "instance-generation": ("Gt", ["6"]),
        "instance-cpu": ("Gt", ["1"]),
    }


def test_a_pool_has_limits_and_gives_nodes_up(objects: dict[str, Any]) -> None:
    general, batch = objects["NodePool/general"]["spec"], objects["NodePool/batch"]["spec"]
    assert general["limits"] == {"cpu": 64, "memory": "256Gi"}
    assert general["disruption"] == {
        "consolidationPolicy": "WhenEmptyOrUnderutilized",
        "consolidateAfter": "5m",
        "budgets": [{"nodes": "10%"}],
    }
    assert general["template"]["spec"]["expireAfter"] == "504h"
    assert batch["disruption"]["consolidateAfter"] == "0m"
    assert batch["disruption"]["budgets"] == [
        {"nodes": "20%", "reasons": ["Drifted", "Underutilized"]},
        {"nodes": "0", "schedule": "0 8 * * 1-5", "duration": "10h"},
    ]
    assert (batch["weight"], "weight" in general) == (10, False)


def test_no_pod_keeps_a_node_longer_than_the_drain_may_take(objects: dict[str, Any]) -> None:
    """Without terminationGracePeriod Karpenter waits for ever ("Disruption" in its documentation)."""
    pods = [objects[f"NodePool/{name}"]["spec"]["template"]["spec"] for name in ("general", "batch")]
    grace = [each["terminationGracePeriod"] for each in pods]
    assert grace == ["60m", "90m"]


def test_labels_and_taints_are_of_the_pools_nodes(objects: dict[str, Any]) -> None:
    template = objects["NodePool/batch"]["spec"]["template"]
    assert template["metadata"]["labels"] == {"team": "data"}
    assert template["spec"]["taints"] == [
        {"key": "batch", "effect": "NoExecute"},
        {"key": "team", "effect": "NoSchedule", "value": "data"},
    ]


def test_rendering_is_reproducible_and_lint_finds_nothing(pools: Pools) -> None:
    assert pools.objects() == pools.objects()
    pools.helm.lint(pools.release, kube_version=KUBERNETES)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"pools": {"general": {"release": "latest"}}}, "/pools/general/release"),
        ({"pools": {"general": {"limits": {"cpu": 0}}}}, "/pools/general/limits/cpu"),
        ({"pools": {"general": {"prot": 1}}}, "'prot' not allowed"),
        ({"instanceProfile": ""}, "/instanceProfile"),
        ({"subnets": []}, "/subnets"),
    ],
)
def test_values_that_cannot_work_are_refused(pools: Pools, changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ReleaseFailed) as raised:
        pools.objects(**changes)
    assert problem in raised.value.message


# ── Karpenter's own chart with our values ──────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def controller(helm: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    release = releases(charts(tmp_path_factory.mktemp("karpenter")))["karpenter"]
    return Helm(helm, os.environ, run).render(release, kube_version=KUBERNETES)


@pytest.mark.slow
def test_karpenters_chart_renders_objects_that_kubernetes_knows(controller: str) -> None:
    checked = manifests.check(controller, kube_version="1.35")
    assert not checked.skipped
    assert {"Deployment/karpenter", "ServiceAccount/karpenter", "PodDisruptionBudget/karpenter"} <= set(checked.valid)


@pytest.mark.slow
def test_the_controller_is_restricted_and_off_the_nodes_it_makes(controller: str) -> None:
    read = YAML(typ="safe", pure=True).load_all(controller)
    (deployment,) = [each for each in read if each and each["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    settings = {each["name"]: each.get("value") for each in container["env"]}
    assert (settings["CLUSTER_NAME"], settings["INTERRUPTION_QUEUE"]) == (
        "acme-dev-cluster",
        "acme-dev-karpenter-interruptions",
    )
    assert settings["AWS_REGION"] == "eu-west-2", "with one hop, the instance's metadata do not answer a pod"
    assert (pod["serviceAccountName"], deployment["spec"]["replicas"]) == ("karpenter", 2)
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    security = container["securityContext"]
    assert (security["runAsNonRoot"], security["readOnlyRootFilesystem"]) == (True, True)
    assert (security["allowPrivilegeEscalation"], security["capabilities"]) == (False, {"drop": ["ALL"]})
    (term,) = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": "karpenter.sh/nodepool", "operator": "DoesNotExist"}]
    assert container["resources"]["limits"] == {"memory": "1Gi"}
