"""A session with a role's credentials does not depend on the shell's AWS settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from moto import mock_aws

from groundwork.state import aws_session
from localcloud.profile import Profile


def test_a_session_of_an_assumed_role_ignores_the_shell_s_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = tmp_path
    Profile(profile).write("http://127.0.0.1:4566")
    backend = {
        "region": "eu-west-2",
        "profile": "groundwork-laptop",
        "shared_config_files": [str(profile / "config")],
        "shared_credentials_files": [str(profile / "credentials")],
    }
    # A profile that does not exist on this machine.
    monkeypatch.setenv("AWS_PROFILE", "production")
    with mock_aws():
        laptop = aws_session.session(tmp_path, backend)
        role = "arn:aws:iam::123456789012:role/reader"
        assumed = aws_session.assume(laptop, role, name="somebody", endpoint="https://sts.eu-west-2.amazonaws.com")
        assert assumed.region_name == "eu-west-2"
        arn = assumed.client("sts").get_caller_identity()["Arn"]
    assert arn == "arn:aws:sts::123456789012:assumed-role/reader/somebody"
