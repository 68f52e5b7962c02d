"""Adding to an environment changes no existing address, because Terraform would replace that resource."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.catalog import addresses, documents
from tests.support.synth import environment, merged

BASE: dict[str, Any] = {
    "runner": "hosted",
    "network": {"zones": 2, "nat": "single"},
    "cluster": {"public_endpoint_cidrs": ["52.94.76.0/22"], "node_groups": {"general": {}}, "access": {}},
    "data": {"postgres": {}},
    "api": {"kind": "rest", "authorisation": "iam"},
    "workloads": {"hello": {"namespace": "hello", "image": "ghcr.io/acme/hello", "tag": "1.0.0"}},
}
ENTRY = {"principal_arn": "arn:aws:iam::111122223333:role/developers", "policy": "view"}
WORKLOAD = {"namespace": "bye", "image": "ghcr.io/acme/bye", "tag": "1.0.0"}

# What is added → the stack that gains resources, and the values that add it.
GROWTH: dict[str, tuple[str, dict[str, Any]]] = {
    "a third zone": ("network", {"network": {"zones": 3}}),
    "a NAT gateway per zone": ("network", {"network": {"nat": "per_zone"}}),
    "interface endpoints": ("network", {"network": {"interface_endpoints": ["sts", "ecr.api"]}}),
    "a second node group": ("cluster", {"cluster": {"node_groups": {"general": {}, "batch": {}}}}),
    "a node group that sorts first": ("cluster", {"cluster": {"node_groups": {"a": {}, "general": {}}}}),
    "a Fargate profile": ("cluster", {"cluster": {"fargate_profiles": {"jobs": {"namespace": "jobs"}}}}),
    "a cache of images": ("cluster", {"cluster": {"image_cache": ["quay.io"]}}),
    "another access entry": ("cluster", {"cluster": {"access": {"developers": ENTRY}}}),
    "another workload": ("workloads", {"workloads": {"bye": WORKLOAD}}),
    "a firewall": ("api", {"api": {"waf": True}}),
    "a domain": ("api", {"api": {"domain": {"name": "api.acme.example", "zone": "acme.example"}}}),
    "provisioned concurrency": ("api", {"api": {"function": {"provisioned_concurrency": 2}}}),
    "a copy of the state elsewhere": ("state-backend", {"state": {"replica_region": "eu-west-1"}}),
    "a repository that deploys": ("account", {"singletons": {"github_repository": "acme/groundwork"}}),
}


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, set[str]]]:
    """Key of GROWTH, or "nothing" → short name of a stack → its addresses; all in one synthesis."""
    names = {growth: f"e{number}" for number, growth in enumerate(["nothing", *GROWTH])}
    environments = [
        environment(**{**merged(BASE, GROWTH[growth][1] if growth in GROWTH else {}), "name": name})
        for growth, name in names.items()
    ]
    built = documents(tmp_path_factory.mktemp("grown"), *environments)
    return {
        growth: {
            stack.removeprefix(f"{name}-"): addresses(document)
            for stack, document in built.items()
            if stack.startswith(f"{name}-")
        }
        for growth, name in names.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("growth", GROWTH)
def test_adding_to_an_environment_changes_no_existing_address(
    grown: dict[str, dict[str, set[str]]], growth: str
) -> None:
    grows, _ = GROWTH[growth]
    before, after = grown["nothing"], grown[growth]
    assert set(before) == set(after)
    for stack in before:
        assert before[stack] <= after[stack], f"{stack} lost {before[stack] - after[stack]}"
    assert after[grows] - before[grows], f"{grows} gained nothing"


@pytest.mark.slow
def test_the_order_of_entries_in_a_file_changes_no_address(tmp_path: Path) -> None:
    groups = {"general": {}, "batch": {}, "gpu": {}}
    built = documents(
        tmp_path,
        environment(name="one", cluster={"node_groups": groups}),
        environment(name="two", cluster={"node_groups": dict(reversed(groups.items()))}),
    )
    assert addresses(built["one-cluster"]) == addresses(built["two-cluster"])
