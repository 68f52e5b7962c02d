"""Locks of which a kill left a part: they are named, and freed without Terraform, which needs both parts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest

from groundwork.cli import recover
from groundwork.errors import TerraformFailed, UsageError
from groundwork.state import locks
from groundwork.state.state_store import StateStore
from tests.recover.killed import inspect
from tests.support.planned_project import PlannedProject

pytestmark = [pytest.mark.slow]

TABLE, BUCKET = "table", "bucket"


@pytest.fixture
def store(project: PlannedProject) -> Iterator[StateStore]:
    """The state of the stack local-one, with both ways of locking."""
    stored = locking(project, "one")
    yield stored
    for lock in locks.of(stored):
        locks.free(stored, lock.id)


def locking(project: PlannedProject, name: str) -> StateStore:
    terraform = {"terraform": {"backend": {"s3": {**project.backend(name), "use_lockfile": True}}}}
    stack = project.stack(name, {}, more=terraform)
    project.synth()
    return project.workspace.store(stack)


def lock(store: StateStore, lock_id: str, *places: str, text: str | None = None) -> str:
    """Write a lock as Terraform does, to these places alone."""
    info = {"ID": lock_id, "Path": store.path, "Operation": "OperationTypeApply", "Who": "ann@desk", "Created": "today"}
    content = json.dumps(info) if text is None else text
    if TABLE in places:
        item = {"LockID": {"S": store.path}, "Info": {"S": content}}
        store.client("dynamodb").put_item(TableName="locks", Item=item)
    if BUCKET in places:
        key = f"{store.backend['key']}.tflock"
        store.client("s3").put_object(Bucket="state", Key=key, Body=content.encode())
    return content


@pytest.mark.parametrize("places", [[TABLE], [BUCKET], [TABLE, BUCKET]])
def test_a_lock_is_freed_wherever_it_is(places: list[str], store: StateStore) -> None:
    lock(store, "1", *places)
    assert [held.id for held in locks.of(store)] == ["1"]
    freed, where = locks.free(store, "1")
    assert (freed.who, where) == ("ann@desk", places)
    assert locks.of(store) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
@pytest.mark.parametrize("place", [TABLE, BUCKET])
def test_a_lock_that_cannot_be_read_is_named_and_freed(place: str, text: str, store: StateStore) -> None:
    lock(store, "1", place, text=text)
    (held,) = locks.of(store)
    assert "(a lock that cannot be read, lock unreadable)" in held.error("local-one").message
    assert locks.free(store, locks.UNREADABLE)[1] == [place]
    assert locks.of(store) == []


@pytest.mark.parametrize("place", [TABLE, BUCKET])
def test_a_lock_that_was_taken_again_stays(place: str, store: StateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    lock(store, "1", place)
    (read,) = locks._parts(store)
    lock(store, "2", place)
    monkeypatch.setattr(locks, "_parts", lambda _: iter([read]))
    with pytest.raises(UsageError, match="was taken again meanwhile"):
        locks.free(store, "1")
    monkeypatch.undo()
    assert [held.id for held in locks.of(store)] == ["2"]


def test_every_lock_of_an_environment_is_named_and_freed_at_once(project: PlannedProject) -> None:
    stores = [locking(project, name) for name in ("one", "two")]
    lock(stores[0], "1", TABLE, BUCKET)
    lock(stores[1], "2", TABLE)
    refused = project.gw("unlock", "--all", "local")
    assert refused.returncode == 2, refused.stderr
    assert "local-one is locked by ann@desk since today" in refused.stdout
    assert "local-two is locked by ann@desk since today" in refused.stdout
    assert len(locks.held(stores[0])) == 2
    freed = project.gw("unlock", "--all", "local", "--yes")
    assert freed.returncode == 0, freed.stderr
    assert "local-one: freed the lock of ann@desk in the lock table and the bucket" in freed.stdout
    assert locks.held(stores[0]) == []
    assert "no stack is locked" in project.gw("unlock", "--all", "local").stdout


def test_the_error_of_a_deploy_names_every_locked_stack(store: StateStore) -> None:
    lock(store, "1", TABLE)
    error = locks.named_together(["local-one", "local-two"], locks.of(store) * 2, "local")
    assert error.message.splitlines()[0] == "2 stacks are locked:"
    assert error.message.count("by ann@desk since today (OperationTypeApply, lock 1)") == 2
    assert error.fix.endswith("gw unlock --all local")


def test_a_wrong_checksum_is_named_with_the_command_that_corrects_it(project: PlannedProject) -> None:
    """Terraform's words alone tell a person to write into the table."""
    stack = project.stack("one", {"thing": {"input": "first"}})
    project.apply(project.push(project.plan()))
    store = project.workspace.store(stack)
    item = {"LockID": {"S": f"{store.path}-md5"}, "Digest": {"S": "0" * 32}}
    store.client("dynamodb").put_item(TableName="locks", Item=item)
    shutil.rmtree(store.folder / ".terraform")  # as on another machine, where `terraform init` reads the state
    command = f"gw recover {stack} --correct-checksum"
    with pytest.raises(TerraformFailed) as failed:
        project.plan()
    assert failed.value.fix == command
    report = inspect(project, stack)
    assert recover.is_unsettled(report)
    assert report.checksum
    report.checksum.correct()
    assert not recover.is_unsettled(inspect(project, stack))
    (made,) = project.plan()
    assert made.bundle.outcome == "no change"
