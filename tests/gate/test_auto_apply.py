"""`delivery.auto_apply`: what needs no approval, and everything that needs one although the value is on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from groundwork.plan import archive
from groundwork.plan.bundle import Index
from groundwork.refusals import Code
from tests.gate.gated_project import GatedProject, codes, only
from tests.support.planned_project import ENVIRONMENT

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def switch_on(project: GatedProject, highest: str = "low") -> GatedProject:
    """The project with the value, committed."""
    project.edit(
        f"environments/{ENVIRONMENT}.yaml", "delivery:\n", f"delivery:\n  auto_apply: {{highest_finding: {highest}}}\n"
    )
    project.commit()
    return replace(project, workspace=replace(project.workspace))


@pytest.fixture
def deployed(project: GatedProject) -> GatedProject:
    """The value is on, and `web` was approved and applied once."""
    project = switch_on(project)
    project.push_plans()
    project.approve()
    project.deploy()
    return project


def needed(project: GatedProject) -> str:
    """Why a person has to approve the plans that were pushed last."""
    reasons = project.refusals(unattended=True)
    assert codes(reasons) >= {Code.NEEDS_APPROVAL}
    return only(reasons, Code.NEEDS_APPROVAL).sentence


def test_refuses_auto_apply_off(project: GatedProject) -> None:
    """Off by default: a run that says that it needs no approval is refused, whatever it would change."""
    project.push_plans()
    refusal = only(project.refusals(unattended=True), Code.AUTO_APPLY_OFF)
    assert "delivery.auto_apply of local is off" in refusal.sentence


def test_a_harmless_change_is_applied_without_approval_and_recorded(deployed: GatedProject) -> None:
    deployed.web("green")
    deployed.commit()
    deployed.push_plans()
    assert codes(deployed.refusals()) == {Code.APPROVAL_MISSING}, "only a run that claims it needs no approval"
    (result,) = deployed.deploy(unattended=True)
    assert result.how == "0 added, 1 changed, 0 destroyed"
    (decision,) = deployed.store.decisions("auto-approved")
    assert decision.who == "delivery.auto_apply"
    assert "no finding of the review is above low" in decision.reason
    assert decision.stacks == ("local-web",)


def test_refuses_needs_approval(deployed: GatedProject) -> None:
    """The gate judges the bundles again: what destroys a resource needs a person, whatever the run claims."""
    deployed.stack("web", {"other": {"input": "blue"}})
    deployed.commit()
    deployed.push_plans()
    assert "local-web terraform_data.page: destroy" in needed(deployed)


def test_a_stack_that_was_never_applied_needs_a_person(project: GatedProject) -> None:
    project = switch_on(project)
    project.push_plans()
    assert "local-web was never applied by the pipeline" in needed(project)


def test_a_replacement_needs_a_person(deployed: GatedProject) -> None:
    deployed.stack("web", {"page": {"input": "blue", "triggers_replace": "again"}})
    deployed.commit()
    deployed.push_plans()
    assert "terraform_data.page: replace" in needed(deployed)


def test_a_change_that_the_code_does_not_show_needs_a_person(deployed: GatedProject) -> None:
    """Somebody changed the resource outside of the pipeline: the review of the code sees nothing of its undoing."""
    deployed.apply_elsewhere("local-web", ('"blue"', '"red"'))
    deployed.push_plans()
    assert "terraform_data.page: it changes, and its code does not" in needed(deployed)


def test_stacks_planned_before_their_upstream_is_applied_need_a_person(deployed: GatedProject) -> None:
    deployed.stack("page", {"copy": {"input": "${data.terraform_remote_state.web.outputs.colour}"}}, reads=["web"])
    deployed.web("green")
    deployed.commit()
    deployed.push_plans()
    assert "local-page is planned again after the apply of what it reads" in needed(deployed)


def test_what_the_bundle_says_must_be_what_its_plan_does(deployed: GatedProject, tmp_path: Path) -> None:
    """Otherwise a bundle could be judged, and read by people, as something harmless."""
    deployed.web("green")
    deployed.commit()
    deployed.push_plans()
    path = deployed.index_path.parent / "local-web.tar.gz"
    folder = tmp_path / "unpacked"
    bundle = archive.unpack(path.read_bytes(), folder).model_copy(update={"changes": {"terraform_data.page": "create"}})
    packed = archive.pack(folder, bundle)
    new = deployed.store.push(bundle, packed)
    about = Index.model_validate_json(deployed.index_path.read_text())
    deployed.index_path.write_text(about.model_copy(update={"bundles": (new,)}).model_dump_json())
    refusal = only(deployed.refusals(unattended=True), Code.BUNDLE_TAMPERED)
    assert "its plan does not do what the bundle says" in refusal.sentence
