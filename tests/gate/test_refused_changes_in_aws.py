"""With the AWS provider: changes made outside Terraform, data that would be destroyed, and other provider locks."""

from __future__ import annotations

import re

import pytest

from groundwork.refusals import Code
from tests.gate.gated_project import GatedProject, codes, only
from tests.support.planned_project import AWS_LOCK

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def names(project: GatedProject, *, greeting: str = "said first", farewell: str = "farewell", lock: str = "") -> None:
    """Commit a stack `names` of three parameters; the second has the logical name `farewell`."""
    path = f"/{project.prefix}"  # other tests have parameters in the same embedded AWS
    parameters = {
        "greeting": {"name": f"{path}/greeting", "type": "String", "value": "hello", "description": greeting},
        farewell: {"name": f"{path}/farewell", "type": "String", "value": "goodbye"},
        "question": {"name": f"{path}/question", "type": "String", "value": "who?"},
    }
    project.drop("web")
    project.aws_stack("names", {"aws_ssm_parameter": parameters}, lock=lock)
    project.commit()


@pytest.fixture
def deployed(project: GatedProject) -> GatedProject:
    """The three parameters, deployed."""
    names(project)
    project.push_plans()
    project.apply_elsewhere("local-names")
    return project


def test_refuses_drift(deployed: GatedProject) -> None:
    """One parameter's change is approved; somebody changes another and deletes the third outside Terraform."""
    names(deployed, greeting="said at once")
    deployed.push_plans()
    deployed.approve()
    ssm = deployed.cloud.client("ssm")
    farewell, question = (f"/{deployed.prefix}/{name}" for name in ("farewell", "question"))
    ssm.put_parameter(Name=farewell, Value="a-value-that-nobody-may-see", Type="String", Overwrite=True)
    ssm.delete_parameter(Name=question)
    reasons = deployed.refusals()
    assert codes(reasons) == {Code.DRIFT}
    drift = only(reasons, Code.DRIFT)
    assert drift.stack == "local-names"
    assert re.search(r"aws_ssm_parameter\.farewell \([^)]*\bvalue\b", drift.sentence)
    assert "aws_ssm_parameter.question (deleted)" in drift.sentence
    assert "greeting" not in drift.sentence, "its change is what was approved"
    assert "a-value-that-nobody-may-see" not in str(drift)
    assert "goodbye" not in str(drift)

    # Drift that the plan knew is drift that it corrects, so it is not refused.
    deployed.push_plans()
    deployed.approve()
    assert deployed.refusals() == []


def test_refuses_protected_destroy(deployed: GatedProject) -> None:
    names(deployed, farewell="renamed")
    deployed.push_plans()
    deployed.approve()
    reasons = deployed.refusals(allow_destroy=["local-other", "aws_ssm_parameter.greeting"])
    assert codes(reasons) == {Code.PROTECTED_DESTROY}
    assert "aws_ssm_parameter.farewell" in only(reasons, Code.PROTECTED_DESTROY).sentence
    assert "--allow-destroy local-names" in only(reasons, Code.PROTECTED_DESTROY).command
    assert deployed.refusals(allow_destroy=["local-names"]) == []


def test_refuses_lock_file_differs(project: GatedProject) -> None:
    """The same versions, but another hash in the committed lock, so other packages would do."""
    names(project)
    project.push_plans()
    project.approve()
    names(project, lock=AWS_LOCK.read_text().replace("hashes = [\n", f'hashes = [\n    "zh:{"0" * 64}",\n', 1))
    assert codes(project.refusals()) == {Code.FOREIGN_COMMIT, Code.LOCK_FILE_DIFFERS}
