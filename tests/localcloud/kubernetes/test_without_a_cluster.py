"""Where no Kubernetes runs: nothing is started, guessed or overwritten."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from groundwork.cli import kubernetes_programs
from groundwork.cli import local as command
from groundwork.cli.context import Context
from groundwork.errors import LocalCloudError, ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import go_tools, prepare
from localcloud.kubernetes import components
from localcloud.kubernetes.cluster import EmbeddedKubernetes
from localcloud.kubernetes.layout import Layout
from stacks.commands import services

FOREIGN = "apiVersion: v1\nkind: Config\ncurrent-context: kind-kind\n"


@pytest.fixture
def project(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A checkout on a machine where no tool was built."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "checkout"
    root.mkdir()
    (root / "cdktf.json").write_text("{}")
    (root / "tools").symlink_to(checkout / "tools")
    monkeypatch.chdir(root)
    return Project(root)


@pytest.fixture
def cluster(project: Project) -> EmbeddedKubernetes:
    return EmbeddedKubernetes(project.work, Path(sys.executable))


def test_missing_programs_are_named_with_the_command_that_builds_them(project: Project) -> None:
    with pytest.raises(ToolMissing, match=r"etcd, kube-apiserver, .* not built") as raised:
        kubernetes_programs.choose(os.environ, project, api_only=True)
    assert raised.value.fix == "make kubernetes"


def test_where_kubernetes_cannot_start_aws_is_not_started_either(project: Project) -> None:
    app = typer.Typer()
    command.register(app)
    finished = CliRunner().invoke(app, ["local", "up", "--kubernetes", "--api-only"])
    assert isinstance(finished.exception, ToolMissing)
    assert not (project.work / "aws").exists()


def test_only_make_kubernetes_and_the_tests_build_the_control_plane() -> None:
    embedded = set(components.PROGRAMS)
    assert embedded <= set(prepare.NEEDS["kubernetes"])
    assert embedded <= set(prepare.NEEDS["test"])
    for target in ("demo", "setup", "check", "bench"):
        assert not embedded & set(prepare.NEEDS[target])


def test_the_whole_control_plane_has_one_version(checkout: Path) -> None:
    tools = [go_tools.TOOLS[name] for name in components.PROGRAMS if name.startswith("kube-")]
    assert {go_tools.pinned_version(tool, Project(checkout)) for tool in tools} == {"1.34.4"}


def test_to_stop_or_reset_a_cluster_that_never_ran_is_not_an_error(cluster: EmbeddedKubernetes) -> None:
    assert (cluster.status(), cluster.kubeconfig, cluster.down(), cluster.reset()) == (None, None, False, False)
    assert not cluster.layout.home.exists()


def test_the_cluster_of_the_shell_is_never_used(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "production").write_text(FOREIGN)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "production"))
    assert Context.here().kubernetes.kubeconfig is None


@pytest.mark.row("0.9")
def test_a_kubeconfig_of_the_user_is_used_and_left_alone(cluster: EmbeddedKubernetes) -> None:
    cluster.layout.home.mkdir(parents=True)
    cluster.layout.kubeconfig.write_text(FOREIGN)
    assert cluster.kubeconfig == cluster.layout.kubeconfig
    with pytest.raises(LocalCloudError, match="is the kubeconfig of another cluster") as raised:
        cluster.up({})
    assert raised.value.fix.endswith(f"rm {cluster.layout.kubeconfig}")
    cluster.down()
    cluster.reset()
    assert cluster.layout.kubeconfig.read_text() == FOREIGN


def test_the_services_refuse_a_users_cluster_before_any_build(cluster: EmbeddedKubernetes) -> None:
    cluster.layout.home.mkdir(parents=True)
    cluster.layout.kubeconfig.write_text(FOREIGN)
    app = typer.Typer()
    services.register(app)
    finished = CliRunner().invoke(app, ["--once"])
    assert isinstance(finished.exception, LocalCloudError)
    assert "is the kubeconfig of another cluster" in finished.exception.message
    assert [path.name for path in cluster.layout.home.iterdir()] == ["kubeconfig"]
    assert cluster.layout.kubeconfig.read_text() == FOREIGN


def test_a_kubeconfig_that_a_killed_cluster_left_is_not_used(cluster: EmbeddedKubernetes) -> None:
    cluster.layout.prepare()
    cluster.layout.write_kubeconfig(cluster.layout.kubeconfig, "admin", 1)
    assert cluster.layout.kubeconfig.exists()
    assert cluster.kubeconfig is None


def test_credentials_are_made_once_and_differ_between_laptops(tmp_path: Path) -> None:
    first, second = Layout(tmp_path / "first"), Layout(tmp_path / "second")
    for layout in (first, second):
        layout.prepare()
    before = first.token("admin"), first.signing_key.read_text()
    first.prepare()
    assert (first.token("admin"), first.signing_key.read_text()) == before
    assert len({first.token("admin"), second.token("admin"), first.token("kube-scheduler")}) == 3
