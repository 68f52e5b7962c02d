"""With the AWS provider: what happens behind Terraform's back, data that would go, and other provider locks."""

from __future__ import annotations

import re

import pytest

from groundwork.refusals import Code
from tests.gate.mini_project import Mini
from tests.gate.reading import codes, only

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

PARAMETERS = """
stack("local-names", {"aws_ssm_parameter": {
    "greeting": {"name": "/greeting", "type": "String", "value": "hello", "description": "said first"},
    "farewell": {"name": "/farewell", "type": "String", "value": "goodbye"},
    "question": {"name": "/question", "type": "String", "value": "who?"},
}})
"""


@pytest.fixture
def deployed(mini: Mini) -> Mini:
    """Three parameters that exist, and their code."""
    (mini.root / "stacks.py").write_text(PARAMETERS)
    mini.commit()
    ssm = mini.cloud.client("ssm")
    ssm.delete_parameters(Names=["/greeting", "/farewell", "/question"])
    mini.plan()
    mini.apply_elsewhere("local-names")
    return mini


def test_refuses_drift(deployed: Mini) -> None:
    """One parameter's change is approved; somebody changes another and deletes the third, behind Terraform's back."""
    deployed.edit("stacks.py", "said first", "said at once")
    deployed.commit()
    deployed.plan()
    deployed.approve()
    ssm = deployed.cloud.client("ssm")
    ssm.put_parameter(Name="/farewell", Value="a-value-that-nobody-may-see", Type="String", Overwrite=True)
    ssm.delete_parameter(Name="/question")
    reasons = deployed.refusals()
    assert codes(reasons) == {Code.DRIFT}
    drift = only(reasons, Code.DRIFT)
    assert drift.stack == "local-names"
    assert re.search(r"aws_ssm_parameter\.farewell \([^)]*\bvalue\b", drift.sentence)
    assert "aws_ssm_parameter.question (deleted)" in drift.sentence
    assert "greeting" not in drift.sentence, "its change is what was approved"
    assert "a-value-that-nobody-may-see" not in str(drift)
    assert "goodbye" not in str(drift)

    # Known when the plan is made, it is what the plan puts right, and no reason against it.
    deployed.plan()
    deployed.approve()
    assert deployed.refusals() == []


def test_refuses_protected_destroy(deployed: Mini) -> None:
    deployed.edit("stacks.py", '"farewell"', '"renamed"')
    deployed.commit()
    deployed.plan()
    deployed.approve()
    reasons = deployed.refusals(allow_destroy=["local-other", "aws_ssm_parameter.greeting"])
    assert codes(reasons) == {Code.PROTECTED_DESTROY}
    assert "aws_ssm_parameter.farewell" in only(reasons, Code.PROTECTED_DESTROY).sentence
    assert "--allow-destroy local-names" in only(reasons, Code.PROTECTED_DESTROY).command
    assert deployed.refusals(allow_destroy=["local-names"]) == []


def test_refuses_lock_file_differs(mini: Mini) -> None:
    """The same versions, other packages: a hash more in the committed lock."""
    (mini.root / "stacks.py").write_text(PARAMETERS)
    mini.commit()
    mini.plan()
    mini.approve()
    lock = mini.root / "stacks" / "provider_locks" / "aws.terraform.lock.hcl"
    lock.write_text(lock.read_text().replace("hashes = [\n", f'hashes = [\n    "zh:{"0" * 64}",\n', 1))
    mini.commit()
    assert codes(mini.refusals()) == {Code.FOREIGN_COMMIT, Code.LOCK_FILE_DIFFERS}
