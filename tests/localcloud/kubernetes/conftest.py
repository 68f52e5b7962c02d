"""The helm binary, and an embedded Kubernetes of the tests' own."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from groundwork.cli import kubernetes_programs
from groundwork.errors import ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import go_tools
from groundwork.toolchain.process import Finished, run
from localcloud.kubernetes.api import Api
from localcloud.kubernetes.cluster import EmbeddedKubernetes, Status

WAIT = timedelta(seconds=240)  # a busy machine is no failure


@pytest.fixture(scope="session")
def helm(checkout: Path) -> Path:
    return tool("helm", checkout)


def tool(name: str, checkout: Path) -> Path:
    found = go_tools.find(name, os.environ, Project(checkout))
    if found is None:
        pytest.skip(f"{name} is neither on PATH nor built; `{go_tools.TOOLS[name].setup}` builds it")
    return found.path


def until(holds: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


@dataclass(frozen=True)
class Laptop:
    """A folder with an embedded Kubernetes, and what a person uses with it."""

    root: Path
    cluster: EmbeddedKubernetes
    programs: dict[str, Path]
    helm: Path
    kubectl_path: Path

    @property
    def kubeconfig(self) -> Path:
        return self.cluster.layout.kubeconfig

    def up(self) -> Status:
        return self.cluster.up(self.programs, WAIT)

    def api(self) -> Api:
        status = self.cluster.status()
        assert status is not None
        return Api(self.cluster.layout, int(status.endpoint.rpartition(":")[2]))

    def kubectl(self, *arguments: str) -> Finished:
        return run([str(self.kubectl_path), "--kubeconfig", str(self.kubeconfig), *arguments], keep_stdout=True)

    def ask(self, *arguments: str) -> str:
        done = self.kubectl(*arguments)
        assert done.ok, done.tail
        return done.stdout


@pytest.fixture
def laptop(one_laptop: Laptop) -> Laptop:
    """The cluster of all tests, running, whatever the test before did to it."""
    if one_laptop.cluster.status() is None or not one_laptop.kubeconfig.exists():
        one_laptop.up()
    return one_laptop


@pytest.fixture(scope="session")
def one_laptop(checkout: Path, helm: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """One cluster for all tests that use it, in a folder that `gw` takes for a checkout."""
    try:
        programs = kubernetes_programs.find(os.environ, Project(checkout))
    except ToolMissing as error:
        pytest.skip(str(error))
    root = tmp_path_factory.mktemp("laptop")
    (root / "cdktf.json").write_text("{}")
    (root / "tools").symlink_to(checkout / "tools")
    made = Laptop(
        root, EmbeddedKubernetes(Project(root).work, Path(sys.executable)), programs, helm, tool("kubectl", checkout)
    )
    made.up()
    try:
        yield made
    finally:
        made.cluster.down()
