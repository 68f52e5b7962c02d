"""Credentials of a role are complete in themselves: the environment's own settings have no say."""

from __future__ import annotations

from pathlib import Path

import pytest
from moto import mock_aws

from groundwork.state import aws_session


def test_an_assumed_role_does_not_care_which_profile_the_shell_names(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = checkout / "localcloud" / "profile"
    backend = {
        "region": "eu-west-2",
        "profile": "groundwork-laptop",
        "shared_config_files": [str(profile / "config")],
        "shared_credentials_files": [str(profile / "credentials")],
    }
    # Of a profile that exists nowhere on this machine.
    monkeypatch.setenv("AWS_PROFILE", "production")
    with mock_aws():
        laptop = aws_session.session(checkout, backend)
        role = "arn:aws:iam::123456789012:role/reader"
        assumed = aws_session.assume(laptop, role, name="somebody", endpoint="https://sts.eu-west-2.amazonaws.com")
        assert assumed.region_name == "eu-west-2"
        arn = assumed.client("sts").get_caller_identity()["Arn"]
    assert arn == "arn:aws:sts::123456789012:assumed-role/reader/somebody"
