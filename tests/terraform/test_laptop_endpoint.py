"""No variable of the shell takes gw or the laptop's Terraform from the embedded AWS and the laptop's cluster."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from groundwork.paths import Project
from groundwork.state import aws_session
from groundwork.workspace import Tools, Workspace
from localcloud.profile import Profile

IGNORE = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"


def test_a_laptop_session_uses_its_profile_s_endpoint_in_any_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Profile(tmp_path / "profile").write("http://127.0.0.1:4566")
    backend = {
        "region": "eu-west-2",
        "profile": "groundwork-laptop",
        "shared_config_files": ["../profile/config"],
        "shared_credentials_files": ["../profile/credentials"],
    }
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv(IGNORE, "true")
    session = aws_session.session(tmp_path / "stack", backend)
    assert {session.client(name).meta.endpoint_url for name in ("s3", "sts", "kms")} == {"http://127.0.0.1:4566"}


def workspace(checkout: Path, **environ: str) -> Workspace:
    tools = Tools(
        cdktf=("cdktf",),
        terraform=Path("terraform"),
        python=Path(sys.executable),
        environ=environ,
        parallelism=1,
        helm_provider=False,
        kubeconfig=None,
    )
    return Workspace(Project(checkout), tools, endpoint="http://127.0.0.1:4999")


def test_only_the_laptop_s_terraform_runs_without_the_variable(checkout: Path) -> None:
    ignoring = workspace(checkout, **{IGNORE: "true"})
    assert ignoring.environ("local-network") == {"AWS_ENDPOINT_URL": "http://127.0.0.1:4999"}
    assert ignoring.environ("prod-network") == {IGNORE: "true"}


def test_only_the_laptop_s_terraform_hears_of_no_cluster(checkout: Path) -> None:
    theirs = {"KUBECONFIG": "/theirs", "KUBE_CONFIG_PATHS": "/theirs", "KUBE_HOST": "https://theirs", "KUBE_TOKEN": "t"}
    named = workspace(checkout, **theirs)
    assert named.environ("local-workloads") == {"AWS_ENDPOINT_URL": "http://127.0.0.1:4999"}
    assert named.environ("prod-workloads") == theirs
