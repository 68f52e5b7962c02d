"""A stack's releases on a laptop: checked before the first is applied, and never called running without a cluster."""

from pathlib import Path

import pytest

from groundwork.errors import ReleaseFailed
from localcloud.kubernetes.deliver import deliver
from localcloud.kubernetes.helm import Helm
from stacks.values import load
from tests.localcloud.kubernetes.test_releases import KUBERNETES, stack


@pytest.mark.slow
def test_without_a_cluster_the_committed_workloads_render_and_are_valid(
    checkout: Path, synthesised: Path, helm: Helm
) -> None:
    for file in sorted((checkout / "environments").glob("*.yaml")):
        environment = load(file)
        delivered = deliver(
            synthesised / "stacks" / f"{environment.name}-workloads",
            helm=helm,
            kube_version=environment.cluster.version,
            kubeconfig=None,
        )
        assert [each.release.name for each in delivered] == sorted(environment.workloads)
        for each in delivered:
            assert each.outcome is None
            assert "rendered, not applied: no cluster" in each.sentence
            assert f"Deployment/{each.release.name}" in each.checked.valid


def test_before_a_release_the_images_that_the_node_lacks_are_named(tmp_path: Path, helm: Helm) -> None:
    folder = stack(tmp_path)
    (tmp_path / "assets" / "chart" / "templates" / "pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: hello}\nspec: {containers: [{name: app, image: 'hello:1'}]}\n"
    )
    nowhere = tmp_path / "kubeconfig"
    with pytest.raises(ReleaseFailed, match=r"needs docker\.io/library/hello:1, which the embedded node does not have"):
        deliver(folder, helm=helm, kube_version=KUBERNETES, kubeconfig=nowhere, images=["docker.io/library/hello:2"])
    (tmp_path / "assets" / "chart" / "templates" / "test.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: asks, annotations: {helm.sh/hook: test}}\n"
        "spec: {containers: [{name: ask, image: 'busybox:1'}]}\n"
    )
    with pytest.raises(ReleaseFailed, match="does not answer"):
        deliver(folder, helm=helm, kube_version=KUBERNETES, kubeconfig=nowhere, images=["docker.io/library/hello:1"])


def test_a_stack_that_breaks_a_schema_is_not_delivered(tmp_path: Path, helm: Helm) -> None:
    folder = stack(tmp_path)
    (tmp_path / "assets" / "chart" / "Chart.yaml").write_text(
        "apiVersion: v2\nname: small\nversion: 1.0.0\nicon: https://example.com/icon.png\n"
    )
    (tmp_path / "assets" / "chart" / "templates" / "service.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: hello}\nspec: {prots: []}\n"
    )
    with pytest.raises(ReleaseFailed, match="prots"):
        deliver(folder, helm=helm, kube_version=KUBERNETES, kubeconfig=tmp_path / "kubeconfig")
