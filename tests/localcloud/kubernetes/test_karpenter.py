"""Karpenter's own kinds in a real Kubernetes API take our pools, and hold them until their nodes have gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from groundwork.errors import ReleaseFailed
from localcloud.kubernetes.releases import Release
from tests.localcloud.kubernetes.conftest import Laptop
from tests.support.karpenter import charts, releases

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kubernetes")]

KINDS = ("nodepools.karpenter.sh", "ec2nodeclasses.karpenter.k8s.aws")


@pytest.fixture
def pools(laptop: Laptop, tmp_path: Path) -> Iterator[Release]:
    """The release of the pools, in a cluster that knows Karpenter's kinds."""
    made = releases(charts(tmp_path))
    laptop.helm.apply(made["karpenter-crd"], laptop.kubeconfig)
    for kind in KINDS:
        laptop.kubectl_output("wait", "--for=condition=Established", f"crd/{kind}", "--timeout=60s")
    yield made["node-pools"]
    laptop.kubectl("patch", "ec2nodeclasses", "general", "--type=merge", "-p", '{"metadata":{"finalizers":[]}}')
    laptop.helm.remove(made["node-pools"], laptop.kubeconfig)
    laptop.helm.remove(made["karpenter-crd"], laptop.kubeconfig)


def test_karpenters_kinds_take_every_field_of_our_pools(laptop: Laptop, pools: Release) -> None:
    """What a kind does not know, the API drops without a word; its rules in CEL refuse the rest."""
    laptop.helm.apply(pools, laptop.kubeconfig)
    rendered = laptop.helm.render(pools, kube_version="1.35.0")
    for wanted in filter(None, YAML(typ="safe", pure=True).load_all(rendered)):
        answer = laptop.kubectl_output("get", wanted["kind"].lower(), wanted["metadata"]["name"], "--output=json")
        assert holds(json.loads(answer)["spec"], wanted["spec"]), wanted["metadata"]["name"]


def test_karpenters_kinds_refuse_a_pool_that_the_chart_lets_through(laptop: Laptop, pools: Release) -> None:
    values = {"tags": {"karpenter.sh/nodepool": "mine"}}
    refused = replace(pools, values=(*pools.values, json.dumps(values)))
    with pytest.raises(ReleaseFailed, match=r"restricted tag matching karpenter\.sh/nodepool"):
        laptop.helm.apply(refused, laptop.kubeconfig)


def test_pools_are_gone_only_when_karpenter_has_let_them_go(laptop: Laptop, pools: Release) -> None:
    """Karpenter holds an EC2NodeClass with a finalizer until its last node has gone; Terraform then waits as well."""
    laptop.helm.apply(pools, laptop.kubeconfig)
    held = {"metadata": {"finalizers": ["karpenter.k8s.aws/termination"]}}
    laptop.kubectl_output("patch", "ec2nodeclasses", "general", "--type=merge", "-p", json.dumps(held))
    with pytest.raises(ReleaseFailed, match="was not removed"):
        laptop.helm.remove(replace(pools, timeout=3), laptop.kubeconfig)
    assert not laptop.kubectl("get", "nodepools", "general").ok, "its nodes are told to go at once"
    going = laptop.kubectl_output("get", "ec2nodeclasses", "general", "--output=json")
    assert "deletionTimestamp" in going


def holds(actual: Any, wanted: Any) -> bool:
    """Whether everything that is wanted is there, besides what the API adds as a default."""
    if isinstance(wanted, dict):
        return isinstance(actual, dict) and all(key in actual and holds(actual[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return isinstance(actual, list) and len(actual) == len(wanted) and all(map(holds, actual, wanted))
    return bool(actual == wanted)
