"""`gw charts package`: the bytes of a package are those of its chart, and wrong ones are refused."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork.errors import ReleaseFailed, UsageError
from groundwork.paths import Project
from stacks.commands import chart_packages
from stacks.commands.helm_program import HelmProgram, helm_program
from tests.charts.sample_charts import chart, packaged
from tests.support.command_line import gw


@pytest.fixture
def helm(checkout: Path) -> Iterator[HelmProgram]:
    with helm_program(os.environ, Project(checkout)) as program:
        yield program


@pytest.mark.parametrize("name", ["service", "node-pools", "mongodb"])
def test_the_same_chart_gives_the_same_bytes_at_another_time_and_place(
    name: str, helm: HelmProgram, checkout: Path, tmp_path: Path
) -> None:
    first = chart_packages.package(helm, checkout / "charts" / name, out=tmp_path / "1", version="1.2.3")
    elsewhere = tmp_path / "elsewhere" / name
    shutil.copytree(checkout / "charts" / name, elsewhere)
    for path in elsewhere.rglob("*"):
        os.utime(path, (1, 1))
    time.sleep(1.1)  # Helm writes the time of day, in seconds, for each file
    second = chart_packages.package(helm, elsewhere, out=tmp_path / "2", version="1.2.3")
    assert (first.name, first.version) == (name, "1.2.3")
    assert first.path != second.path
    assert first.data == second.data == second.path.read_bytes()


def test_a_package_holds_every_file_of_its_chart_and_the_version_given(
    helm: HelmProgram, checkout: Path, tmp_path: Path
) -> None:
    made = chart_packages.package(helm, checkout / "charts" / "service", out=tmp_path, version="1.2.3-rc.1")
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(made.data))) as archive:
        inside = {entry.name for entry in archive}
    files = [path for path in (checkout / "charts" / "service").rglob("*") if path.is_file()]
    assert inside == {f"service/{path.relative_to(checkout / 'charts' / 'service')}" for path in files}
    shown = helm.require("show", "chart", str(made.path), problem="not a chart")
    assert "version: 1.2.3-rc.1" in shown
    assert "appVersion: 1.2.3-rc.1" in shown


def test_without_a_version_it_is_the_chart_s(helm: HelmProgram, tmp_path: Path) -> None:
    assert chart_packages.package(helm, chart(tmp_path), out=tmp_path).version == "0.1.0"


def test_helm_renders_a_package(helm: HelmProgram, tmp_path: Path) -> None:
    made = packaged(helm, tmp_path, "1.2.3", text="packaged")
    assert "text: packaged" in helm.require("template", "a", str(made.path), problem="does not render")


def test_a_chart_that_helm_cannot_read_is_refused_with_its_words(helm: HelmProgram, tmp_path: Path) -> None:
    broken = chart(tmp_path)
    (broken / "Chart.yaml").write_text("name: small\n")
    with pytest.raises(ReleaseFailed, match=r"small cannot be packaged.*chart\.metadata"):
        chart_packages.package(helm, broken, out=tmp_path)


@pytest.mark.parametrize("version", ["1.2", "v1.2.3", "1.2.3+build", "1.2.3-", "latest"])
def test_a_version_that_not_every_repository_takes_is_refused(version: str, helm: HelmProgram, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a version such as"):
        chart_packages.package(helm, chart(tmp_path), out=tmp_path, version=version)
    assert not list(tmp_path.glob("*.tgz"))


def test_what_is_no_package_is_refused(helm: HelmProgram, tmp_path: Path) -> None:
    text = tmp_path / "small-1.2.3.tgz"
    text.write_text("no archive")
    renamed = packaged(helm, tmp_path / "made", "1.2.3").path.rename(tmp_path / "small-1.2.4.tgz")
    truncated = tmp_path / "small-1.2.5.tgz"
    truncated.write_bytes(renamed.read_bytes()[:700])
    for path, why in (
        (text, "is not a packaged chart"),
        (renamed, "holds small 1.2.3"),
        (truncated, "is not a packaged chart"),
        (tmp_path / "none.tgz", "is not a packaged chart"),
    ):
        with pytest.raises(UsageError, match=why):
            chart_packages.read(path)


def test_the_users_settings_of_helm_are_not_used(checkout: Path) -> None:
    environ = {**os.environ, "HELM_REGISTRY_CONFIG": "/mine.json", "HELM_NAMESPACE": "mine", "KUBECONFIG": "/mine"}
    with helm_program(environ, Project(checkout)) as helm:
        told = helm.require("env", problem="no helm")
        home = helm.home
        assert "mine" not in told
        assert f'HELM_CACHE_HOME="{home}/cache"' in told
        assert oct(home.stat().st_mode)[-3:] == "700"
    assert not home.exists()


def test_the_command_packages_the_charts_that_are_named(checkout: Path, tmp_path: Path) -> None:
    done = gw("charts", "package", "service", "--version", "1.2.3", "--out", str(tmp_path), cwd=checkout)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["service-1.2.3.tgz"]
    wrong = gw("charts", "package", "servcie", cwd=checkout)
    assert wrong.returncode == 2
    assert "name one of mongodb, node-pools, service" in wrong.stderr
