"""One stack that cannot be planned, for whatever reason, keeps no other from its row."""

from __future__ import annotations

import threading

import pytest

from groundwork.errors import StateLocked, TerraformFailed
from groundwork.plan import diff
from groundwork.plan.diff import Status
from groundwork.terraform.cdktf import StackLog


@pytest.mark.parametrize("error", [StateLocked("somebody applies it"), TerraformFailed("no such attribute")])
def test_a_stack_that_is_locked_or_fails_is_a_row_of_its_own(error: StateLocked | TerraformFailed) -> None:
    def plan(stack: str, _: threading.Event) -> StackLog:
        if stack == "dev-api":
            raise error
        return StackLog(["No changes. Your infrastructure matches the configuration."])

    found = diff.diff(["dev-network", "dev-api", "dev-archive"], plan=plan, not_planned={}, parallelism=1)
    assert [(one.status, one.why) for one in found] == [
        (Status.UNCHANGED, ""),
        (Status.ERROR, error.message),
        (Status.UNCHANGED, ""),
    ]
