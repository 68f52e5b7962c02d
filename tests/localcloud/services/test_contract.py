"""Every resource type that stacks use: applied, tagged anew, unchanged after two restarts, and destroyed."""

from __future__ import annotations

import pytest

from tests.localcloud.services.conftest import Runs
from tests.localcloud.services.contract import BATCHES

# The first test waits for all batchs, which run side by side.
pytestmark = [pytest.mark.terraform, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.parametrize("batch", BATCHES)
def test_resources_take_tags_survive_restarts_and_leave_nothing_behind(batch: str, runs: Runs) -> None:
    record = runs.record(batch)

    assert record.codes["apply"] == 0, record.ends["apply"]
    assert record.besides_tags == "", f"a second plan with other tags changes more than those:\n{record.besides_tags}"
    assert record.codes["change tags"] == 0, record.ends["change tags"]
    assert record.codes["plan"] == 0, f"the plan after the restarts is not empty:\n{record.ends['plan']}"
    assert record.codes["destroy"] == 0, record.ends["destroy"]
    assert record.left == {}, f"left after destroy: {record.left}"
