"""Charts in an OCI registry that signs in, makes no repositories and moves no tags, as ECR does not."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from groundwork.cli import application
from groundwork.errors import ReleaseFailed, TerraformFailed
from groundwork.paths import Project
from groundwork.toolchain import go_tools
from stacks.commands import release_access
from stacks.commands.chart_registry import ChartRegistry, sign_in
from stacks.commands.helm_program import HelmProgram, helm_program
from tests.charts.sample_charts import packaged
from tests.support.aws import versioned_bucket
from tests.support.cloud_project import CloudProject
from tests.support.processes import free_port, wait_for_answer

pytestmark = pytest.mark.slow

PREFIX = "acme-dev/charts"


@dataclass(frozen=True)
class Ecr:
    """The calls of ECR that signing in needs, from the embedded AWS, whose answer names the registry of the test."""

    client: Any
    endpoint: str

    def get_authorization_token(self) -> Any:
        (granted,) = self.client.get_authorization_token()["authorizationData"]
        return {"authorizationData": [{**granted, "proxyEndpoint": self.endpoint}]}


@pytest.fixture(scope="module")
def ecr(embedded_aws: CloudProject, checkout: Path) -> Iterator[Ecr]:
    """The registry of the account, with the repository `small`."""
    program = go_tools.ensure("registry", os.environ, Project(checkout)).path
    client = embedded_aws.client("ecr")
    token = client.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    password = base64.b64decode(token).decode().removeprefix("AWS:")
    address = f"127.0.0.1:{free_port()}"
    server = subprocess.Popen(
        [program, "-listen", address, "-repositories", f"{PREFIX}/small"],
        env={"REGISTRY_PASSWORD": password},
        text=True,
        stderr=subprocess.PIPE,
    )
    try:
        wait_for_answer(f"http://{address}/v2/", server, status=401)
        yield Ecr(client, f"http://{address}")
    finally:
        server.terminate()
        server.communicate()


@pytest.fixture(scope="module")
def helm(checkout: Path) -> Iterator[HelmProgram]:
    with helm_program(os.environ, Project(checkout)) as program:
        yield program


@pytest.fixture
def registry(ecr: Ecr, helm: HelmProgram) -> ChartRegistry:
    return sign_in(ecr, helm, prefix=PREFIX)


@pytest.mark.row("0.4")
def test_a_chart_is_pushed_once_and_helm_pulls_the_same_bytes(
    registry: ChartRegistry, helm: HelmProgram, tmp_path: Path
) -> None:
    chart = packaged(helm, tmp_path, "1.0.0")
    assert registry.compare([chart]) == ["published"]
    assert registry.compare([chart]) == ["published"], "comparing pushes nothing"
    assert registry.publish([chart]) == ["published"]
    assert registry.compare([chart]) == registry.publish([chart]) == ["unchanged"]
    pulled = tmp_path / "pulled"
    pulled.mkdir()
    address, version = registry.location(chart).rsplit(":", 1)
    words = ("pull", address, "--version", version, "--plain-http", "--destination", str(pulled))
    helm.require(*words, problem="not pulled")
    assert (pulled / chart.file).read_bytes() == chart.data


def test_other_bytes_under_a_pushed_version_are_refused(
    registry: ChartRegistry, helm: HelmProgram, tmp_path: Path
) -> None:
    chart = packaged(helm, tmp_path, "2.0.0")
    registry.publish([chart])
    changed = packaged(helm, tmp_path / "changed", "2.0.0", text="other")
    for act in (registry.publish, registry.compare):
        with pytest.raises(ReleaseFailed, match=r"small:2\.0\.0 has other bytes.*never changes"):
            act([changed])
    assert registry.publish([chart]) == ["unchanged"]


def test_who_loses_a_race_to_push_sees_what_won(registry: ChartRegistry, helm: HelmProgram, tmp_path: Path) -> None:
    """The tag is taken after it was looked for: by the same bytes, then by others."""

    class Late(HelmProgram):
        def run(self, *words: str) -> Any:
            if words[0] == "push":
                helm.require(*words[:1], str(first.path), *words[2:], problem="the other push failed")
            return super().run(*words)

    first = packaged(helm, tmp_path, "3.0.0")
    late = replace(registry, helm=Late(helm.path, helm.environ, helm.home))
    os.utime(first.path, (1, 1))  # Helm writes it into what it pushes
    again = packaged(helm, tmp_path / "again", "3.0.0")
    assert late.publish([again]) == ["unchanged"]
    first = packaged(helm, tmp_path, "3.1.0")
    with pytest.raises(ReleaseFailed, match="has other bytes"):
        late.publish([packaged(helm, tmp_path / "other", "3.1.0", text="other")])


def test_a_chart_without_a_repository_is_refused_with_what_makes_one(
    registry: ChartRegistry, helm: HelmProgram, tmp_path: Path
) -> None:
    with pytest.raises(ReleaseFailed, match=r"other:1\.0\.0 is not pushed") as refused:
        registry.publish([packaged(helm, tmp_path, "1.0.0", name="other")])
    assert "delivery.charts" in refused.value.fix


def test_a_wrong_token_is_no_missing_chart(registry: ChartRegistry, helm: HelmProgram, tmp_path: Path) -> None:
    chart = packaged(helm, tmp_path, "4.0.0")
    helm.registry_config.unlink()
    for act in (registry.publish, registry.compare):
        with pytest.raises(ReleaseFailed, match="cannot be read") as refused:
            act([chart])
        assert "release-charts" in refused.value.fix


def test_the_token_is_in_a_file_of_its_owner_alone(ecr: Ecr, checkout: Path) -> None:
    with helm_program(os.environ, Project(checkout)) as helm:
        sign_in(ecr, helm, prefix=PREFIX)
        token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        assert token in helm.registry_config.read_text()
        assert oct(helm.registry_config.stat().st_mode)[-3:] == "600"
    assert not helm.registry_config.exists()


@dataclass(frozen=True)
class Access:
    """See ReleaseAccess; the embedded AWS stands for the account, and the registry of the test for its registry."""

    s3: Any
    ecr: Ecr

    def client(self, service: str) -> Any:
        return {"s3": self.s3, "ecr": self.ecr}[service]


def test_on_aws_the_command_publishes_to_both_and_refuses_before_it_writes(
    ecr: Ecr,
    helm: HelmProgram,
    embedded_aws: CloudProject,
    bare_checkout: Path,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = bare_checkout / "environments" / "dev.yaml"
    file.write_text(file.read_text().replace("111111111111", "210987654321").replace("444444444444", "321098765432"))
    (bare_checkout / "tools").symlink_to(checkout / "tools")
    s3 = embedded_aws.client("s3")
    versioned_bucket(s3, "acme-dev-charts-210987654321")
    monkeypatch.setattr(release_access, "release_access", lambda *_: Access(s3, ecr))
    monkeypatch.chdir(bare_checkout)

    def run(*words: str) -> Any:
        return CliRunner().invoke(application(), ["charts", "publish", "dev", *words])

    chart = packaged(helm, bare_checkout / ".groundwork" / "charts", "5.0.0")
    places = [
        "s3://acme-dev-charts-210987654321/small-5.0.0.tgz",
        f"oci://{ecr.endpoint.removeprefix('http://')}/acme-dev/charts/small:5.0.0",
    ]
    assert run("--dry-run").stdout.splitlines() == [f"{place}: would be published" for place in places]
    assert run().stdout.splitlines() == [f"{place}: published" for place in places]
    (about,) = json.loads(run("--json").stdout)
    assert about == {
        "name": "small",
        "version": "5.0.0",
        "sha256": chart.sha256,
        "s3": {"to": places[0], "result": "unchanged"},
        "ecr": {"to": places[1], "result": "unchanged"},
    }
    new = packaged(helm, bare_checkout / ".groundwork" / "charts", "5.1.0")
    changed = packaged(helm, bare_checkout / "changed", "5.0.0", text="other")
    refused = run(str(new.path), str(changed.path))
    assert isinstance(refused.exception, ReleaseFailed)
    keys = {entry["Key"] for entry in s3.list_objects_v2(Bucket="acme-dev-charts-210987654321")["Contents"]}
    assert keys == {"index.yaml", "small-5.0.0.tgz"}


def test_ecr_s_refusal_is_told(ecr: Ecr, helm: HelmProgram, embedded_aws: CloudProject) -> None:
    class Refusing:
        def get_authorization_token(self) -> Any:
            return embedded_aws.client("ecr").describe_repositories(repositoryNames=["missing"])

    with pytest.raises(TerraformFailed, match="ECR gives no token"):
        sign_in(Refusing(), helm, prefix=PREFIX)
