"""A stack of the platform, from its plan to its apply, by the real cdktf-cli, Terraform and AWS provider."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from groundwork.apply.apply import ApprovedApply
from groundwork.errors import Refused
from groundwork.refusals import Code
from tests.support.planned_project import PlannedProject

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def test_a_stack_of_ours_is_planned_applied_and_then_unchanged(project: PlannedProject, synthesised: Path) -> None:
    stack = project.genuine(synthesised / "stacks" / "local-account")
    (made,) = project.plan()
    assert made.bundle.tools.providers == {"registry.terraform.io/hashicorp/aws": "5.100.0"}
    assert ".terraform.lock.hcl" in made.bundle.files
    assert (made.bundle.outcome, made.bundle.counts.add > 5) == ("change", True)
    index = project.push([made])
    approved = ApprovedApply(project.workspace, index, project.store, lambda *_: [], "grace", lambda: datetime.now(UTC))

    # cdktf.out is not what is applied.
    for edited in project.workspace.out.glob("stacks/*/cdk.tf.json"):
        edited.write_text("{}")
    (result,) = approved.apply([stack], on_event=lambda *_: None, say=lambda _: None)
    assert result.how == f"{made.bundle.counts.add} added, 0 changed, 0 destroyed"

    (again,) = project.plan()
    assert again.bundle.outcome == "no change", again.bundle
    assert again.bundle.state.serial > 0
    with pytest.raises(Refused) as refused:
        approved.apply([stack], on_event=lambda *_: None, say=lambda _: None)
    assert [refusal.code for refusal in refused.value.refusals] == [Code.STATE_MOVED]
