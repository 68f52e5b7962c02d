"""Every resource type that stacks use: Terraform applies it, finds nothing to change, and destroys it."""

from __future__ import annotations

import pytest

from tests.localcloud.services.conftest import Runs
from tests.localcloud.services.contract import GROUPS

# The first test waits for the slowest group, while all the others run too.
pytestmark = [pytest.mark.terraform, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.parametrize("group", GROUPS)
def test_terraform_applies_plans_no_changes_and_leaves_nothing_behind(group: str, runs: Runs) -> None:
    record = runs.record(group)

    assert record.codes["apply"] == 0, record.ends["apply"]
    assert record.codes["plan"] == 0, f"the second plan is not empty:\n{record.ends['plan']}"
    assert record.codes["destroy"] == 0, record.ends["destroy"]
    assert record.left == {}, f"left after destroy: {record.left}"
