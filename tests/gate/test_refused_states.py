"""A plan is applied only to the state that it was made from, and only while it would still do the same."""

from __future__ import annotations

import contextlib
import multiprocessing
import time

import psutil
import pytest

from groundwork.refusals import Code
from tests.gate.mini_project import Mini
from tests.gate.reading import codes, only

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

READER = """
stack("local-reader", {"terraform_data": {"copy": {"input": "${data.terraform_remote_state.web.outputs.colour}"}}},
      data={"terraform_remote_state": {"web": {"backend": "s3", "config": {**BACKEND, "key": "local-web.tfstate"}}}},
      depends=["local-web"])
"""


def test_refuses_state_moved(mini: Mini) -> None:
    """Another apply in between: of a stack that had no state yet, and of one that had."""
    mini.plan()
    mini.approve()
    mini.apply_elsewhere("local-web")
    assert "planned without a state" in only(mini.refusals(), Code.STATE_MOVED).sentence

    mini.plan()
    mini.approve()
    assert mini.refusals() == []
    serial = mini.state("local-web")["serial"]
    mini.apply_elsewhere("local-web", ("blue", "green"))
    reasons = mini.refusals()
    assert codes(reasons) == {Code.STATE_MOVED}, "which says why a plan made now would be another"
    assert f"from serial {serial}" in only(reasons, Code.STATE_MOVED).sentence
    assert only(reasons, Code.STATE_MOVED).command == "gw plan make local"


def test_a_deleted_or_replaced_state_has_moved_too(mini: Mini) -> None:
    mini.plan()
    mini.apply_elsewhere("local-web")
    mini.plan()
    mini.approve()
    s3 = mini.cloud.client("s3")
    s3.delete_object(Bucket="state", Key="local-web.tfstate")
    assert "does not exist any more" in only(mini.refusals(), Code.STATE_MOVED).sentence
    mini.apply_elsewhere("local-web")
    assert "lineage" in only(mini.refusals(), Code.STATE_MOVED).sentence


SLOW = """
stack("local-slow", {"terraform_data": {"nap": {"provisioner": {"local-exec": {"command": "sleep 120"}}}}})
"""


def test_refuses_unsettled_apply(mini: Mini) -> None:
    """The apply is killed with all it started while Terraform runs; the next is refused until that is resolved."""
    (mini.root / "stacks.py").write_text(SLOW)
    mini.commit()
    mini.plan()
    mini.approve()
    assert mini.refusals() == []
    apply = multiprocessing.get_context("fork").Process(target=mini.deploy)
    apply.start()
    _kill_when_at_work(apply.pid or 0)
    apply.join()

    reason = only(mini.refusals(), Code.UNSETTLED_APPLY)
    assert reason.stack == "local-slow"
    assert "begun by tester" in reason.sentence
    assert reason.command == "gw recover local-slow"


def _kill_when_at_work(pid: int) -> None:
    apply, until = psutil.Process(pid), time.monotonic() + 90
    try:
        while "sleep" not in [_name(process) for process in apply.children(recursive=True)]:
            assert time.monotonic() < until, "Terraform never came to its work"
            time.sleep(0.2)
    finally:
        for process in (apply, *apply.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def _name(process: psutil.Process) -> str:
    """Empty for a process that has ended since it was listed."""
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


def test_refuses_plan_differs(mini: Mini) -> None:
    """Neither the world nor the stack's own state moved, but what it reads of another stack."""
    (mini.root / "stacks.py").write_text((mini.root / "stacks.py").read_text() + READER)
    mini.commit()
    mini.plan("local-web")
    mini.apply_elsewhere("local-web")
    mini.plan("local-reader")
    mini.approve()
    assert mini.refusals() == []

    mini.apply_elsewhere("local-web", ("blue", "a-colour-that-nobody-may-see"))
    reason = only(mini.refusals(), Code.PLAN_DIFFERS)
    assert reason.stack == "local-reader"
    assert "terraform_data.copy (input" in reason.sentence
    assert "a-colour-that-nobody-may-see" not in str(reason)
    assert "blue" not in str(reason)
