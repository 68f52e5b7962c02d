"""AWS_IGNORE_CONFIGURED_ENDPOINT_URLS keeps neither gw nor the laptop's Terraform from the embedded AWS."""

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


def test_only_the_laptop_s_terraform_runs_without_the_variable(checkout: Path) -> None:
    tools = Tools(
        cdktf=("cdktf",),
        terraform=Path("terraform"),
        python=Path(sys.executable),
        environ={IGNORE: "true"},
        parallelism=1,
        helm_provider=False,
        kubeconfig=None,
    )
    workspace = Workspace(Project(checkout), tools, endpoint="http://127.0.0.1:4999")
    assert workspace.environ("local-network") == {"AWS_ENDPOINT_URL": "http://127.0.0.1:4999"}
    assert workspace.environ("prod-network") == {IGNORE: "true"}
