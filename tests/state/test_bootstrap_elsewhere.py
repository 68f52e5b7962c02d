"""A stack of another account is bootstrapped in a role that the person assumes there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from groundwork.paths import Project
from groundwork.state.bootstrap_folder import BootstrapFolder
from stacks.platform import PlatformEnvironment
from stacks.values import load

BACKEND = {"s3": {"bucket": "b", "key": "k", "region": "eu-west-2"}}


def folder(tmp_path: Path, checkout: Path, stack: str) -> BootstrapFolder:
    source = tmp_path / "stacks" / stack
    source.mkdir(parents=True)
    document = {"terraform": {"backend": BACKEND}, "provider": {"aws": [{"region": "eu-west-2"}]}}
    (source / "cdk.tf.json").write_text(json.dumps(document))
    environment = PlatformEnvironment(load(checkout / "environments" / "prod.yaml"))
    made = BootstrapFolder(
        Project(tmp_path), environment, tmp_path / "stacks", Path("terraform"), {}, lambda _: None, stack
    )
    made.prepare()
    return made


def test_the_archive_accounts_roles_are_made_in_the_persons_role(tmp_path: Path, checkout: Path) -> None:
    made = folder(tmp_path, checkout, "prod-archive-roles")
    override = json.loads((made.path / "role_override.tf.json").read_text())
    role = "arn:aws:iam::666666666666:role/OrganizationAccountAccessRole"
    assert override == {"provider": {"aws": {"assume_role": [{"role_arn": role}]}}}
    assert made.provider_account == "666666666666"


@pytest.mark.parametrize("stack", ["prod-state-backend", "prod-delivery"])
def test_stacks_of_the_own_account_need_no_role(tmp_path: Path, checkout: Path, stack: str) -> None:
    made = folder(tmp_path, checkout, stack)
    assert not list(made.path.glob("*override*"))
    assert made.provider_account == "333333333333"
