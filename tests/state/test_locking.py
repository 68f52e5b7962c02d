"""Two applies of a stack never run at once, and the lock of a dead apply is named and can be freed."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from groundwork.errors import StateLocked, UsageError
from groundwork.state import locks
from groundwork.state.state_store import StateStore
from groundwork.terraform import locks as terraform_locks
from groundwork.terraform.locks import HeldLock
from groundwork.terraform.terraform import Terraform
from tests.support.cloud_project import CloudProject, slow_stack
from tests.support.processes import kill_tree

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


@pytest.mark.parametrize("locking", ["dynamodb", "lockfile", "both"])
def test_a_second_apply_is_refused_and_a_dead_holder_can_be_freed(cloud: CloudProject, locking: str) -> None:
    name = f"slow-{locking}"
    folder = slow_stack(cloud, name, seconds=60, locking=locking)
    terraform = Terraform(folder, f"local-{name}", Path(cloud.program), cloud.environ)
    terraform.init()
    first = _begin(cloud, folder)
    try:
        with pytest.raises(StateLocked, match=f"local-{name} is locked by .+ \\(OperationTypeApply, lock ") as refused:
            terraform.plan(folder / "second.tfplan")
        # A diff, which is only shown, neither waits nor takes the lock.
        terraform.plan(folder / "shown.tfplan", lock=False)
    finally:
        _kill(first)

    # The first was killed, so its lock remains.
    store = StateStore.of(folder, endpoint=cloud.endpoint)
    (lock,) = locks.held(store)
    assert lock.path == f"state/local/{name}.tfstate"
    assert lock.id in refused.value.message
    assert refused.value.fix.endswith(f"gw unlock local-{name} {lock.id}")
    with pytest.raises(StateLocked, match=lock.id):
        terraform.plan(folder / "third.tfplan")

    with pytest.raises(UsageError, match=f"the lock is {lock.id}"):
        locks.free(store, "another-id")
    # A plan for an apply waits until the lock is free.
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(replace(terraform, lock_seconds=60).plan, folder / "fourth.tfplan")
        time.sleep(1)
        assert locks.free(store, lock.id)[0] == lock
        waiting.result()
    assert locks.held(store) == []


def _begin(cloud: CloudProject, folder: Path) -> subprocess.Popen[str]:
    """Start an apply; returns once it has its lock and creates a resource."""
    child = subprocess.Popen(
        [cloud.program, "apply", "-auto-approve", "-input=false", "-no-color"],
        cwd=folder,
        env=dict(cloud.environ),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdout is not None
    until = time.monotonic() + 60
    for line in child.stdout:
        if "Provisioning with" in line:
            return child
        assert time.monotonic() < until, line
    raise AssertionError(f"the apply ended with {child.wait()}")


def _kill(child: subprocess.Popen[str]) -> None:
    # Terraform must die first, or it would notice that its children died and end properly.
    kill_tree(child.pid)
    child.wait()


REFUSED = """
╷
│ Error: Error acquiring the state lock
│
│ Error message: operation error DynamoDB: PutItem, ConditionalCheckFailedException
│ Lock Info:
│   ID:        0b7f6f3c-4f1d-6a3c-5f0e-2c1f9a9f7d11
│   Path:      acme-dev-state/dev/network.tfstate
│   Operation: OperationTypeApply
│   Who:       ann@desk
│   Version:   1.11.4
│   Created:   2026-01-01 10:00:00.5 +0000 UTC
│   Info:
│
│
│ Terraform acquires a state lock to protect the state from being written
╵
"""


def test_terraform_s_message_about_a_lock_is_parsed() -> None:
    assert terraform_locks.read(REFUSED) == HeldLock(
        "0b7f6f3c-4f1d-6a3c-5f0e-2c1f9a9f7d11",
        "acme-dev-state/dev/network.tfstate",
        "OperationTypeApply",
        "ann@desk",
        "2026-01-01 10:00:00.5 +0000 UTC",
    )
    assert terraform_locks.read("│ Error: something else\n│   ID: 5\n") is None
