"""The helm binary, and an embedded Kubernetes of the tests' own."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from groundwork.cli import kubernetes_programs
from groundwork.errors import ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import go_tools
from groundwork.toolchain.process import Finished, run
from localcloud.kubernetes.cluster import EmbeddedKubernetes, Status
from localcloud.kubernetes.helm import Helm

WAIT = timedelta(seconds=240)  # for a busy machine


@pytest.fixture(scope="session")
def helm(checkout: Path) -> Helm:
    return Helm(find_tool("helm", checkout), os.environ, run)


def find_tool(name: str, checkout: Path) -> Path:
    tool = go_tools.find(name, os.environ, Project(checkout))
    if tool is None:
        pytest.skip(f"{name} is neither on PATH nor built; `{go_tools.TOOLS[name].setup}` builds it")
    return tool.path


def wait_until(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


@dataclass(frozen=True)
class Laptop:
    """A folder with an embedded Kubernetes, and what a person uses with it."""

    root: Path
    cluster: EmbeddedKubernetes
    programs: Mapping[str, Path]
    helm: Helm
    kubectl_path: Path

    @property
    def kubeconfig(self) -> Path:
        return self.cluster.layout.kubeconfig

    def up(self) -> Status:
        return self.cluster.up(self.programs, wait=WAIT)

    def kubectl(self, *arguments: str) -> Finished:
        return run([str(self.kubectl_path), "--kubeconfig", str(self.kubeconfig), *arguments], keep_stdout=True)

    def kubectl_output(self, *arguments: str) -> str:
        finished = self.kubectl(*arguments)
        assert finished.ok, finished.tail
        return finished.stdout


@pytest.fixture
def laptop(shared_laptop: Laptop) -> Laptop:
    """The cluster of all tests, running, whatever the test before did to it."""
    if shared_laptop.cluster.status() is None or not shared_laptop.kubeconfig.exists():
        shared_laptop.up()
    return shared_laptop


@pytest.fixture(scope="session")
def shared_laptop(checkout: Path, helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """One cluster for all tests that use it, in a folder that `gw` takes for a checkout."""
    try:
        chosen = kubernetes_programs.choose(os.environ, Project(checkout), api_only=True)
    except ToolMissing as error:
        pytest.skip(str(error))
    root = tmp_path_factory.mktemp("laptop")
    (root / "cdktf.json").write_text("{}")
    (root / "tools").symlink_to(checkout / "tools")
    cluster = EmbeddedKubernetes(Project(root).work, Path(sys.executable))
    laptop = Laptop(root, cluster, chosen.programs, helm, find_tool("kubectl", checkout))
    laptop.up()
    try:
        yield laptop
    finally:
        cluster.down()
