"""`gw bootstrap` makes the state backend even after killed attempts, and teardown leaves nothing of it."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groundwork.errors import EnvironmentFileError, StackBlocked, StateLocked, UsageError
from groundwork.paths import Project
from groundwork.state.bootstrap import BootstrapResult, bootstrap
from groundwork.state.bootstrap_folder import BootstrapFolder
from groundwork.state.teardown import Removed, teardown
from stacks.platform import PlatformEnvironment
from stacks.values import Environment, Names, load
from tests.state.bootstrapping import bootstrap_stack, key_states, run_and_kill
from tests.support.cloud_project import CloudProject, cloud_project

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

# What exists when a run is killed, what it prints before, and how many seconds later; together in every phase.
KILLS = (
    ("the first bucket made", r"^aws_s3_bucket\..*: Creation complete", 0.0),
    ("a half-made table", r"^aws_dynamodb_table\..*: Creating\.\.\.", 0.0),
    ("everything made, nothing moved", r"^Apply complete!", 0.0),
    ("the move begun, perhaps done", r"moving the state", 0.4),
)


@pytest.fixture(scope="module")
def environment(checkout: Path) -> Environment:
    return load(checkout / "environments" / "local.yaml")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, checkout: Path, synthesised: Path) -> Iterator[CloudProject]:
    root = tmp_path_factory.mktemp("checkout")
    with cloud_project(root, checkout, Path(sys.executable)) as made:
        name = "local-state-backend"
        shutil.copytree(synthesised / "stacks" / name, made.stacks / name)
        yield made


def test_killed_at_many_points_bootstrap_finishes_and_is_torn_down(
    cloud: CloudProject, environment: Environment, checkout: Path
) -> None:
    """All in one test, because each complete apply takes a minute of the provider's polling."""
    runs = []
    for where, pattern, delay in KILLS:
        runs.append(run_and_kill(cloud, checkout, pattern, delay=delay))
        assert re.search(pattern, runs[-1], re.MULTILINE), f"never came to {where}:\n{runs[-1][-3000:]}"
        if len(runs) == 1:
            # The next run is on another machine, without the local state of this run.
            shutil.rmtree(cloud.project.work / "bootstrap")
    assert "adopting aws_s3_bucket." in runs[1], "the first run's bucket is found by its name"

    finished = bootstrap_stack(cloud, environment)
    assert finished.status in {"made", "unchanged"}
    _exists_once(cloud, environment)

    again = bootstrap_stack(cloud, environment)
    assert again == BootstrapResult("local-state-backend", "unchanged")
    assert "nothing to do" in again.sentence
    assert not (cloud.project.work / "bootstrap" / "local").exists()

    names = Names(environment)
    state = _state(cloud, names)
    assert {resource["type"] for resource in state["resources"]} >= {"aws_s3_bucket", "aws_dynamodb_table"}

    _destroy_is_refused(cloud, environment, names)

    removed = _teardown(cloud, environment, delete_history=True)
    assert removed.status == "destroyed"
    assert removed.versions > 0
    _nothing_left(cloud)
    assert _teardown(cloud, environment, delete_history=True) == Removed("local-state-backend", "absent")


def test_a_second_bootstrap_of_the_same_checkout_is_refused(cloud: CloudProject, environment: Environment) -> None:
    from filelock import FileLock

    folder = cloud.project.work / "bootstrap"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "local.lock"), pytest.raises(StateLocked, match="another bootstrap of local"):
        bootstrap_stack(cloud, environment)


def test_placeholder_accounts_are_refused_before_anything_else(tmp_path: Path, checkout: Path) -> None:
    prod = load(checkout / "environments" / "prod.yaml")
    with pytest.raises(EnvironmentFileError, match=r"accounts\.main\.id: 333333333333 is a placeholder"):
        bootstrap(
            Project(tmp_path),
            PlatformEnvironment(prod),
            synthesised=tmp_path,
            program=Path("terraform"),
            environ={},
            stack="prod-state-backend",
        )
    assert not list(tmp_path.iterdir())


def test_a_protected_environment_is_not_torn_down(tmp_path: Path, environment: Environment) -> None:
    protected = environment.model_copy(update={"protect": True})
    with pytest.raises(UsageError, match="local is protected"):
        teardown(
            Project(tmp_path),
            PlatformEnvironment(protected),
            synthesised=tmp_path,
            program=Path("terraform"),
            environ={},
            delete_history=True,
        )


def _teardown(cloud: CloudProject, environment: Environment, *, delete_history: bool) -> Removed:
    return teardown(
        cloud.project,
        PlatformEnvironment(environment),
        synthesised=cloud.stacks,
        program=Path(cloud.program),
        environ=cloud.environ,
        delete_history=delete_history,
    )


def _state(cloud: CloudProject, names: Names) -> dict[str, Any]:
    body = cloud.client("s3").get_object(Bucket=names.state_bucket, Key=names.state_key("state-backend"))["Body"]
    state: dict[str, Any] = json.loads(body.read())
    return state


def _exists_once(cloud: CloudProject, environment: Environment) -> None:
    kms = cloud.client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    state_keys = [key for key in keys if key["Description"].startswith("Terraform state and locks")]
    assert len(state_keys) == 1, "a killed run's key was made twice"
    assert state_keys[0]["KeyState"] == "Enabled"
    buckets = {bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]}
    names = Names(environment)
    assert buckets == {names.state_bucket, names.access_log_bucket}


def _destroy_is_refused(cloud: CloudProject, environment: Environment, names: Names) -> None:
    """Teardown is refused while another stack has resources or a lock, and without consent to lose the history."""
    s3 = cloud.client("s3")
    other = {"version": 4, "serial": 1, "resources": [{"mode": "managed", "type": "aws_vpc", "instances": []}]}
    s3.put_object(Bucket=names.state_bucket, Key=names.state_key("network"), Body=json.dumps(other))
    with pytest.raises(StackBlocked, match="still holds the state of local-network") as blocked:
        _teardown(cloud, environment, delete_history=True)
    assert blocked.value.fix == "gw destroy local-network"
    s3.delete_object(Bucket=names.state_bucket, Key=names.state_key("network"))

    with pytest.raises(UsageError, match=r"deletes its buckets with \d+ versions"):
        _teardown(cloud, environment, delete_history=False)

    key = names.state_key("data") + ".tflock"
    info = {"ID": "42", "Path": f"{names.state_bucket}/{names.state_key('data')}", "Operation": "OperationTypeApply"}
    lock = {**info, "Who": "ann@desk", "Created": "2026-01-01T10:00:00Z"}
    s3.put_object(Bucket=names.state_bucket, Key=key, Body=json.dumps(lock))
    with pytest.raises(StateLocked, match="local-data is locked by ann@desk") as locked:
        _teardown(cloud, environment, delete_history=True)
    assert "gw unlock local-data 42" in locked.value.fix
    s3.delete_object(Bucket=names.state_bucket, Key=key)


def _nothing_left(cloud: CloudProject) -> None:
    assert cloud.client("s3").list_buckets()["Buckets"] == []
    assert cloud.client("dynamodb").list_tables()["TableNames"] == []
    kms = cloud.client("kms")
    assert key_states(kms) == {"PendingDeletion"}
    assert not (cloud.project.work / "bootstrap" / "local").exists()


def test_the_folder_lies_as_deep_as_a_synthesised_stack(cloud: CloudProject, environment: Environment) -> None:
    backend = "local-state-backend"
    folder = BootstrapFolder(
        cloud.project,
        PlatformEnvironment(environment),
        cloud.stacks,
        Path(cloud.program),
        cloud.environ,
        lambda _: None,
        backend,
    )
    depth = len(folder.path.relative_to(cloud.project.root).parts)
    assert depth == len((cloud.stacks / backend).relative_to(cloud.project.root).parts)
