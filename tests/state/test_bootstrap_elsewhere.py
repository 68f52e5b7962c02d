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


def test_a_temporary_state_that_a_full_disk_cut_off_is_put_aside(tmp_path: Path, checkout: Path) -> None:
    made = folder(tmp_path, checkout, "prod-delivery")
    state = {"lineage": "a", "serial": 1, "resources": [{"mode": "managed"}]}
    made.write_local(json.dumps(state))
    made.prepare()
    assert made.local_state() == state
    torn = json.dumps(state)[:-20]
    made.local_file.write_text(torn)
    assert made.local_state() is None, "also right after the apply that tore it"
    made.prepare()
    assert not made.local_file.exists()
    assert (made.path / "temporary.tfstate.aside").read_text() == torn


def test_a_state_that_could_not_be_stored_is_the_temporary_state(tmp_path: Path, checkout: Path) -> None:
    made = folder(tmp_path, checkout, "prod-delivery")
    errored = made.path / "errored.tfstate"
    state = {"lineage": "a", "serial": 2, "resources": [{"mode": "managed"}]}
    made.write_local(json.dumps({**state, "serial": 1}))
    errored.write_text(json.dumps(state))
    made.prepare()
    assert made.local_state() == state
    for useless in ('{"lineage": "a", "ser', "", json.dumps({**state, "serial": 1})):
        errored.write_text(useless)
        made.prepare()
        assert made.local_state() == state
        assert not errored.exists(), "Terraform would not go on beside it"
        assert (made.path / "errored.tfstate.aside").read_text() == useless
