"""The committed workloads in a real Kubernetes API with the real helm: installed, upgraded, recovered, removed."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from groundwork.errors import ReleaseFailed
from localcloud.kubernetes import deliver
from localcloud.kubernetes.deliver import Delivered
from localcloud.kubernetes.helm import ReleaseResult
from localcloud.kubernetes.releases import Release, read_releases
from stacks.values import load
from tests.localcloud.kubernetes.conftest import Laptop, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kubernetes")]

KUBERNETES = "1.34.0"
NEVER = {"nodeSelector": {"no": "such-node"}}  # its pods stay pending
# What Kubernetes itself puts into every namespace.
OF_EVERY_NAMESPACE = {"configmap/kube-root-ca.crt", "serviceaccount/default"}


@pytest.fixture(scope="module")
def committed(synthesised: Path) -> Path:
    return synthesised / "stacks" / "local-workloads"


@pytest.fixture
def copy(committed: Path, tmp_path: Path) -> Callable[..., Path]:
    """The committed stack in another namespace, with other values."""

    def make(namespace: str, **values: Any) -> Path:
        folder = tmp_path / f"{namespace}-{len(list(tmp_path.iterdir()))}"
        shutil.copytree(committed, folder)
        document = json.loads((folder / "cdk.tf.json").read_text())
        for body in document["resource"]["helm_release"].values():
            body["namespace"] = namespace
            body["values"] = [json.dumps({**json.loads(body["values"][0]), **values})]
        (folder / "cdk.tf.json").write_text(json.dumps(document))
        return folder

    return make


def release_into(laptop: Laptop, stack: Path) -> list[Delivered]:
    return deliver.deliver(stack, helm=laptop.helm, kube_version=KUBERNETES, kubeconfig=laptop.cluster.kubeconfig)


def outcomes(releases: list[Delivered]) -> list[ReleaseResult | None]:
    return [release.outcome for release in releases]


def remove(laptop: Laptop, stack: Path) -> list[Release]:
    return deliver.remove(stack, helm=laptop.helm, kubeconfig=laptop.kubeconfig)


def make_restricted(laptop: Laptop, namespace: str) -> None:
    """Make a namespace that accepts nothing but what the restricted Pod Security Standard allows."""
    laptop.kubectl_output("create", "namespace", namespace)
    laptop.kubectl_output("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")


def objects(laptop: Laptop, kind: str, namespace: str) -> list[dict[str, Any]]:
    answer = json.loads(laptop.kubectl_output("get", kind, "--namespace", namespace, "--output=json"))
    return list(answer["items"])


def write_manifests(folder: Path, rendered: str, release_namespace: str, namespace: str) -> Path:
    """Write rendered manifests to a file, moved to another namespace."""
    file = folder / f"{namespace}.yaml"
    file.write_text(rendered.replace(f"\n  namespace: {release_namespace}\n", f"\n  namespace: {namespace}\n"))
    return file


def generations(laptop: Laptop, namespace: str) -> int:
    """How many different templates the pods come from."""
    return len({pod["metadata"]["labels"]["pod-template-hash"] for pod in objects(laptop, "pods", namespace)})


def objects_left(laptop: Laptop, namespace: str) -> set[str]:
    kinds = "all,configmaps,secrets,serviceaccounts,networkpolicies,poddisruptionbudgets,horizontalpodautoscalers"
    names = laptop.kubectl_output("get", kinds, "--namespace", namespace, "--output=name").split()
    return set(names) - OF_EVERY_NAMESPACE


def helm_status(laptop: Laptop, namespace: str, release: str) -> str:
    command = [str(laptop.helm.path), "status", release, "--namespace", namespace, "--output", "json"]
    command += ["--kubeconfig", str(laptop.kubeconfig)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    return str(json.loads(finished.stdout)["info"]["status"]) if finished.returncode == 0 else ""


def kill_helm_while_it_waits(laptop: Laptop, stack: Path, expected: str) -> None:
    """Leave a release as a power cut would leave it."""
    (release,) = read_releases(stack)
    values = stack / "values.json"
    values.write_text(release.values[0])
    command = [str(laptop.helm.path), "upgrade", "--install", release.name, release.chart, "--create-namespace"]
    command += ["--namespace", release.namespace, "--wait", "--values", str(values)]
    command += ["--kubeconfig", str(laptop.kubeconfig)]
    waiting = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while helm_status(laptop, release.namespace, release.name) != expected:
            assert time.monotonic() < end
            assert waiting.poll() is None
            time.sleep(0.2)
    finally:
        waiting.send_signal(signal.SIGKILL)
        waiting.wait()
    assert helm_status(laptop, release.namespace, release.name) == expected


def test_the_committed_workloads_become_ready_under_pod_security(laptop: Laptop, committed: Path) -> None:
    make_restricted(laptop, "hello")
    assert outcomes(release_into(laptop, committed)) == [ReleaseResult.RELEASED]
    (deployment,) = objects(laptop, "deployments", "hello")
    assert deployment["status"]["readyReplicas"] == deployment["spec"]["replicas"]
    status = laptop.cluster.status()
    assert status is not None
    assert "hello/hello" in status.releases
    assert outcomes(release_into(laptop, committed)) == [ReleaseResult.UNCHANGED]


def test_a_changed_value_is_rolled_out(laptop: Laptop, copy: Callable[..., Path]) -> None:
    release_into(laptop, copy("changing"))
    blue = copy("changing", environment={"COLOUR": "blue"})
    assert outcomes(release_into(laptop, blue)) == [ReleaseResult.RELEASED]
    assert {"COLOUR": "blue"} in [item.get("data") for item in objects(laptop, "configmaps", "changing")]
    wait_until(
        lambda: generations(laptop, "changing") == 1
    )  # pods with the old settings do not stay beside the new ones
    assert outcomes(release_into(laptop, blue)) == [ReleaseResult.UNCHANGED]


def test_a_release_that_does_not_become_ready_is_rolled_back_and_named(
    laptop: Laptop, copy: Callable[..., Path]
) -> None:
    good = copy("failing")
    release_into(laptop, good)
    bad = copy("failing", **NEVER)
    text = (bad / "cdk.tf.json").read_text()
    (bad / "cdk.tf.json").write_text(re.sub(r'"timeout": \d+', '"timeout": 3', text))
    with pytest.raises(ReleaseFailed, match=r"helm_release\.\S+ did not become ready"):
        release_into(laptop, bad)
    assert helm_status(laptop, "failing", "hello") == "deployed"
    (deployment,) = objects(laptop, "deployments", "failing")
    assert "nodeSelector" not in deployment["spec"]["template"]["spec"]


def test_a_killed_install_and_a_killed_upgrade_are_recovered(laptop: Laptop, copy: Callable[..., Path]) -> None:
    good, stuck = copy("killed"), copy("killed", **NEVER)
    kill_helm_while_it_waits(laptop, stuck, "pending-install")
    assert outcomes(release_into(laptop, good)) == [ReleaseResult.RELEASED]
    kill_helm_while_it_waits(laptop, stuck, "pending-upgrade")
    assert outcomes(release_into(laptop, good)) == [ReleaseResult.RELEASED]
    wait_until(lambda: not any("nodeSelector" in pod["spec"] for pod in objects(laptop, "pods", "killed")))
    assert outcomes(release_into(laptop, good)) == [ReleaseResult.UNCHANGED]


def test_a_removed_stack_leaves_nothing(laptop: Laptop, copy: Callable[..., Path]) -> None:
    stack = copy("leaving")
    release_into(laptop, stack)
    assert len(objects_left(laptop, "leaving")) > 5
    assert [release.name for release in remove(laptop, stack)] == ["hello"]
    assert objects_left(laptop, "leaving") == set()
    assert remove(laptop, stack) == []


def test_every_environments_workloads_pass_restricted_pod_security(
    laptop: Laptop, checkout: Path, synthesised: Path, tmp_path: Path
) -> None:
    for values in sorted((checkout / "environments").glob("*.yaml")):
        environment = load(values)
        for release in read_releases(synthesised / "stacks" / f"{environment.name}-workloads"):
            namespace = f"{environment.name}-{release.name}"
            make_restricted(laptop, namespace)
            rendered = laptop.helm.render(release, kube_version=KUBERNETES)
            assert "hook" in rendered  # the chart's test is accepted too
            file = write_manifests(tmp_path, rendered, release.namespace, namespace)
            # The server refuses pods; of a deployment's template it only warns, so a warning is an error here.
            dry = ["--dry-run=server", "--validate=strict", "--warnings-as-errors", "--namespace", namespace]
            assert laptop.kubectl_output("create", *dry, "--filename", str(file)).count("(server dry run)") >= 7


@pytest.mark.parametrize(
    ("from_", "to"),
    [
        ("runAsNonRoot: true", "runAsNonRoot: false"),
        ("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"),
        ("type: RuntimeDefault", "type: Unconfined"),
    ],
)
def test_a_chart_that_drops_a_restriction_is_refused(
    laptop: Laptop, committed: Path, tmp_path: Path, from_: str, to: str
) -> None:
    (release,) = read_releases(committed)
    rendered = laptop.helm.render(release, kube_version=KUBERNETES)
    assert from_ in rendered
    namespace = f"loose-{from_.partition(':')[0].lower()}"
    make_restricted(laptop, namespace)
    file = write_manifests(tmp_path, rendered.replace(from_, to), release.namespace, namespace)
    dry = ["--dry-run=server", "--warnings-as-errors", "--namespace", namespace, "--filename", str(file)]
    finished = laptop.kubectl("create", *dry)
    assert not finished.ok
    assert 'violate PodSecurity "restricted' in finished.tail
