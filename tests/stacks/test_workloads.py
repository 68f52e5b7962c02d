"""Helm releases: one per workload, reproducible, and on a laptop never in somebody's real cluster."""

import json
from pathlib import Path
from typing import Any

import pytest
from cdktf import App, Testing
from constructs import Construct

from stacks.blocks.cluster.helm_access import OwnChart
from stacks.blocks.cluster.service_release import CHART, ServiceRelease
from stacks.blocks.errors import IllegalComposition
from stacks.cluster import ClusterStack
from stacks.network import NetworkStack
from stacks.values import Environment
from stacks.workloads import WorkloadsStack
from tests.support.synth import environment, only_resource, synth

HELLO = {"namespace": "hello", "image": "ghcr.io/example/hello", "tag": "1.2.3"}


def build(scope: Construct, values: Environment) -> WorkloadsStack:
    network = NetworkStack(scope, values)
    return WorkloadsStack(scope, values, cluster=ClusterStack(scope, values, network=network))


def workloads(**entries: Any) -> Any:
    return synth(build, workloads=entries)


def values_of(document: Any) -> dict[str, Any]:
    (text,) = only_resource(document, "helm_release")["values"]
    values: dict[str, Any] = json.loads(text)
    return values


@pytest.fixture(scope="module")
def hello() -> Any:
    return workloads(hello=HELLO)


def test_a_release_is_all_or_nothing_and_waits_for_its_pods(hello: Any) -> None:
    release = only_resource(hello, "helm_release")
    assert (release["name"], release["namespace"]) == ("hello", "hello")
    assert all(release[setting] for setting in ("atomic", "wait", "cleanup_on_fail", "lint", "reset_values"))


def test_a_workload_that_scales_needs_metrics_server() -> None:
    """EKS user guide, "View resource usage with the Kubernetes Metrics Server": it is not deployed by default."""
    scales = {"hello": {**HELLO, "min_replicas": 1, "max_replicas": 2}}
    without = {"coredns": "v1.13.2-eksbuild.31", "vpc-cni": "v1.22.4-eksbuild.3"}
    with pytest.raises(IllegalComposition, match="without metrics-server") as raised:
        synth(build, workloads=scales, cluster={"addons": without})
    assert raised.value.key == "workloads.hello.max_replicas"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stack's folder as the application writes it, with references to other stacks."""
    out = tmp_path_factory.mktemp("application") / "out"
    app = App(outdir=str(out))
    build(app, environment(workloads={"hello": HELLO}))
    app.synth()
    return out / "stacks" / "dev-workloads"


def test_the_chart_is_copied_into_the_stacks_folder(folder: Path) -> None:
    chart = only_resource(json.loads((folder / "cdk.tf.json").read_text()), "helm_release")["chart"]
    assert chart.startswith("./assets/")
    assert (folder / chart / "Chart.yaml").read_bytes() == (CHART / "Chart.yaml").read_bytes()
    assert str(CHART.parent) not in (folder / "cdk.tf.json").read_text()


def test_a_changed_template_changes_the_release(tmp_path: Path) -> None:
    workload = environment(workloads={"hello": HELLO}).workloads["hello"]

    def chart_path(text: str) -> str:
        folder = tmp_path / text
        (folder / "templates").mkdir(parents=True)
        (folder / "Chart.yaml").write_text("apiVersion: v2\nname: service\nversion: 1.0.0\n")
        (folder / "templates" / "x.yaml").write_text(text)

        def with_chart(scope: Construct, values: Environment) -> WorkloadsStack:
            stack = build(scope, values)
            chart = OwnChart(stack, "other_chart", folder=folder)
            ServiceRelease(stack, "other", name="other", values=workload, repository=workload.image, chart=chart)
            return stack

        path: str = only_resource(synth(with_chart), "helm_release")["chart"]
        return path

    assert chart_path("a") != chart_path("b")


@pytest.mark.row("3.11", "4.25")
def test_the_release_gets_the_image_and_replicas_of_the_workload(hello: Any) -> None:
    values = values_of(hello)
    assert values["image"] == {"repository": "ghcr.io/example/hello", "tag": "1.2.3"}
    assert values["replicas"] == {"min": 2, "max": 6}


def test_a_digest_pins_the_image() -> None:
    digest = "sha256:" + "a" * 64
    assert values_of(workloads(hello={**HELLO, "digest": digest}))["image"]["digest"] == digest


@pytest.mark.row("0.11")
def test_a_revision_of_secrets_is_a_change_that_a_reviewer_sees() -> None:
    named = {**HELLO, "secrets": ["database"]}
    assert values_of(workloads(hello=named))["secrets"] == {"names": ["database"]}
    changed = workloads(hello={**named, "secrets_revision": "2026-11-28"})
    assert values_of(changed)["secrets"] == {"names": ["database"], "revision": "2026-11-28"}


ACCESS = {
    "store": "aws",
    "keys": {
        "DATABASE_URL": {"key": "acme-dev/hello/access", "property": "url"},
        "TOKEN": {"key": "/acme-dev/hello/t"},
    },
}
VAULT = {
    "address": "https://vault.vault:8200",
    "role": "hello",
    "dynamic": {"mount": "database", "path": "creds/hello"},
}


def test_a_key_that_the_pods_may_not_read_is_refused() -> None:
    stolen = {**ACCESS, "keys": {"DATABASE_URL": {"key": "acme-dev/users/access"}}}
    with pytest.raises(IllegalComposition, match="may not read") as raised:
        workloads(hello={**HELLO, "parameters": True, "external_secrets": stolen})
    assert raised.value.key == "workloads.hello.external_secrets.keys.DATABASE_URL.key"
    # A store with another identity may have other names.
    for allowed in ({"external_secrets": stolen}, {"external_secrets": ACCESS, "parameters": True}):
        assert values_of(workloads(hello={**HELLO, **allowed}))["secrets"]["from"] == "external-secrets"


def test_owner_and_administrator_are_for_migrations_and_provisioning_alone() -> None:
    values = values_of(
        workloads(
            hello={
                **HELLO,
                "secrets": ["hello"],
                "migrations": ["migrate"],
                "migration_secrets": ["owner"],
                "provision": ["provision"],
                "provision_secrets": ["administrator"],
            }
        )
    )
    assert values["secrets"] == {"names": ["hello"]}
    assert values["migrations"] == {"command": ["migrate"], "secrets": ["owner"]}
    assert values["provision"] == {"command": ["provision"], "secrets": ["administrator"]}


def test_the_order_of_settings_in_the_file_makes_no_difference() -> None:
    one_way = workloads(hello={**HELLO, "environment": {"A": "1", "B": "2"}})
    other_way = workloads(hello={**HELLO, "environment": {"B": "2", "A": "1"}})
    assert one_way == other_way


def test_another_workload_does_not_change_the_first(hello: Any) -> None:
    both = workloads(hello=HELLO, shop={**HELLO, "namespace": "shop"})
    assert hello["resource"]["helm_release"].items() <= both["resource"]["helm_release"].items()


def test_an_environment_without_workloads_has_no_releases() -> None:
    assert "resource" not in workloads()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"tag": "latest"}, "latest changes"),
        ({"min_replicas": 5, "max_replicas": 4}, "greater than max_replicas 4"),
        ({"secrets_revision": "2"}, "there are no secrets"),
        ({"secrets": ["a"], "vault": VAULT}, "secrets and vault: secrets come from one source"),
        ({"vault": {"address": "https://v", "role": "r"}}, "there is no secret"),
        ({"vault": {**VAULT, "address": "http://v"}}, "address"),
        ({"external_secrets": {"store": "aws", "keys": {}}}, "keys"),
        ({"migration_secrets": ["owner"]}, "there are no migrations"),
        ({"provision": ["provision"]}, "belong together"),
        ({"provision_secrets": ["administrator"]}, "belong together"),
    ],
)
def test_a_workload_that_cannot_be_released_is_refused(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        environment(workloads={"hello": {**HELLO, **change}})


def test_helm_stores_releases_in_config_maps_which_a_plan_may_read(hello: Any) -> None:
    (helm,) = hello["provider"]["helm"]
    assert helm["helm_driver"] == "configmap"


def test_the_cluster_is_reached_with_a_token_that_is_fetched_on_demand(folder: Path) -> None:
    (helm,) = json.loads((folder / "cdk.tf.json").read_text())["provider"]["helm"]
    assert helm["kubernetes"]["exec"]["args"][:4] == ["eks", "get-token", "--cluster-name", "acme-dev-cluster"]
    assert not {"token", "password", "client_key"} & set(helm["kubernetes"])
    assert "terraform_remote_state" in helm["kubernetes"]["host"]


def test_a_laptops_releases_go_only_to_the_laptops_cluster() -> None:
    laptop = {"target": "laptop", "accounts": {"main": {"id": "000000000000"}, "archive": {"id": "000000000001"}}}
    (helm,) = synth(build, workloads={"hello": HELLO}, **laptop)["provider"]["helm"]
    assert helm["kubernetes"] == {"config_path": "../../../.groundwork/kubernetes/kubeconfig"}


@pytest.mark.row("3.23", "4.26")
def test_releases_come_after_the_cluster_even_if_they_read_nothing_of_it() -> None:
    laptop = {"target": "laptop", "accounts": {"main": {"id": "000000000000"}, "archive": {"id": "000000000001"}}}
    stack = build(Testing.app(), environment(workloads={"hello": HELLO}, **laptop))
    assert [dependency.node.id for dependency in stack.dependencies] == ["dev-cluster"]
