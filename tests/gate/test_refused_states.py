"""A plan is applied only to the state that it was made from, and only if a new plan would do the same."""

from __future__ import annotations

import multiprocessing

import pytest

from groundwork.refusals import Code
from tests.gate.gated_project import GatedProject, codes, only
from tests.support.processes import kill_tree, wait_for_descendant

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def test_refuses_state_moved(project: GatedProject) -> None:
    """Another apply came in between, of a stack without a state and of a stack with one."""
    project.push_plans()
    project.approve()
    project.apply_elsewhere("local-web")
    assert "planned without a state" in only(project.refusals(), Code.STATE_MOVED).sentence

    project.push_plans()
    project.approve()
    assert project.refusals() == []
    serial = (project.state("local-web") or {})["serial"]
    project.apply_elsewhere("local-web", ("blue", "green"))
    reasons = project.refusals()
    assert codes(reasons) == {Code.STATE_MOVED}, "it explains why a new plan would differ"
    assert f"from serial {serial}" in only(reasons, Code.STATE_MOVED).sentence
    assert only(reasons, Code.STATE_MOVED).command == "gw plan make local"


def test_a_deleted_or_recreated_state_has_moved_too(project: GatedProject) -> None:
    project.push_plans()
    project.apply_elsewhere("local-web")
    project.push_plans()
    project.approve()
    key = project.backend("web")["key"]
    project.cloud.client("s3").delete_object(Bucket="state", Key=key)
    # Without its checksum, Terraform accepts that there is no state.
    project.cloud.client("dynamodb").delete_item(TableName="locks", Key={"LockID": {"S": f"state/{key}-md5"}})
    assert "does not exist any more" in only(project.refusals(), Code.STATE_MOVED).sentence
    project.apply_elsewhere("local-web")
    assert "lineage" in only(project.refusals(), Code.STATE_MOVED).sentence


def test_refuses_unsettled_apply(project: GatedProject) -> None:
    """An apply is killed while Terraform runs; the next apply is refused until somebody resolves that."""
    project.drop("web")
    project.stack("slow", {"nap": {"provisioner": {"local-exec": {"command": "sleep 120"}}}})
    project.commit()
    project.push_plans()
    project.approve()
    assert project.refusals() == []
    apply = multiprocessing.get_context("fork").Process(target=project.deploy)
    apply.start()
    try:
        wait_for_descendant(apply.pid or 0, "sleep")
    finally:
        kill_tree(apply.pid or 0)
    apply.join()

    reason = only(project.refusals(), Code.UNSETTLED_APPLY)
    assert reason.stack == "local-slow"
    assert "begun by tester" in reason.sentence
    assert reason.command == "gw recover local-slow"


def test_refuses_plan_differs(project: GatedProject) -> None:
    """Neither AWS nor the stack's own state changed, but an output that it reads of another stack."""
    colour = "${data.terraform_remote_state.web.outputs.colour}"
    project.stack("reader", {"copy": {"input": colour}}, reads=["web"])
    project.commit()
    project.push_plans("local-web")
    project.apply_elsewhere("local-web")
    project.push_plans("local-reader")
    project.approve()
    assert project.refusals() == []

    project.apply_elsewhere("local-web", ("blue", "a-colour-that-nobody-may-see"))
    reason = only(project.refusals(), Code.PLAN_DIFFERS)
    assert reason.stack == "local-reader"
    assert "terraform_data.copy (input" in reason.sentence
    assert "a-colour-that-nobody-may-see" not in str(reason)
    assert "blue" not in str(reason)
