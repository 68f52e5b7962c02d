"""The services' releases reach the laptop's cluster, whatever cluster the shell names: with the real helm and API."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks.images.builder import Image
from stacks.laptop import releases
from tests.localcloud.kubernetes.conftest import Laptop

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kubernetes")]


@pytest.fixture
def production() -> Iterator[socket.socket]:
    """The API server that the shell names; it counts who connects, and answers nobody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def test_a_service_is_released_on_the_laptop_and_nowhere_else(
    laptop: Laptop, checkout: Path, production: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://127.0.0.1:{production.getsockname()[1]}"
    theirs = {"clusters": [{"name": "production", "cluster": {"server": url}}], "current-context": "production"}
    (tmp_path / "kubeconfig").write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **theirs}))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.setenv("HELM_KUBEAPISERVER", url)
    monkeypatch.setenv("HELM_KUBECONTEXT", "production")

    images = {"users": Image("users", "1")}
    entries = {"users": {**releases.read(checkout / "services" / "workloads.yaml")["users"], "namespace": "ours"}}
    workload = releases.workloads(entries, images, {"users": []})["users"]
    programs = {"helm": laptop.helm.path, "kubectl": laptop.kubectl_path}
    node = releases.Releases(programs, laptop.kubeconfig)
    node.deploy("users", workload, {"USERS_AUTH_TOKEN": "t"}, node_port=30900)

    kinds = laptop.kubectl_output("get", "deployments,services", "--namespace=ours", "--output=name").split()
    assert sorted(kinds) == ["deployment.apps/users", "service/users", "service/users-outside"]
    with pytest.raises(BlockingIOError):  # nobody waits to be accepted
        production.accept()
    laptop.kubectl_output("delete", "namespace", "ours", "--wait=false")
