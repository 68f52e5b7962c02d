"""A stack of the platform is planned and applied by the real cdktf-cli, Terraform and AWS provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from groundwork.errors import Refused
from groundwork.refusals import Code
from tests.support.planned_project import PlannedProject

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def test_a_stack_of_the_platform_is_planned_applied_and_then_unchanged(
    project: PlannedProject, synthesised: Path
) -> None:
    project.adopt(synthesised / "stacks" / "local-account")
    (made,) = project.plan()
    assert made.bundle.tools.providers == {"registry.terraform.io/hashicorp/aws": "5.100.0"}
    assert ".terraform.lock.hcl" in made.bundle.files
    assert (made.bundle.outcome, made.bundle.counts.add > 5) == ("change", True)
    index = project.push([made])

    # The bundle is applied, so what lies in cdktf.out does not matter.
    for edited in project.workspace.out.glob("stacks/*/cdk.tf.json"):
        edited.write_text("{}")
    (result,) = project.apply(index)
    assert result.how == f"{made.bundle.counts.add} added, 0 changed, 0 destroyed"

    (again,) = project.plan()
    assert again.bundle.outcome == "no change", again.bundle
    assert again.bundle.state.serial > 0
    with pytest.raises(Refused) as refused:
        project.apply(index)
    assert [refusal.code for refusal in refused.value.refusals] == [Code.STATE_MOVED]
