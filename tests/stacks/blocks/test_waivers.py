"""A waiver accepts a finding of one resource, with a meaningful reason and a last day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from cdktf import TerraformStack, Testing
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue

from stacks.blocks.waivers import waive, waivers

LAST_DAY = date(2099, 1, 1)


@pytest.fixture
def queue() -> Any:
    return SqsQueue(TerraformStack(Testing.app(), "stack"), "queue")


def test_a_waiver_has_address_reason_last_day_and_line(queue: Any) -> None:
    reason = "Messages hold nothing but ids of public records."
    waive(queue, "CKV_AWS_27", "CKV2_AWS_73", reason=reason, expires=LAST_DAY)
    first, second = waivers(TerraformStack.of(queue))
    assert (first.check, second.check) == ("CKV_AWS_27", "CKV2_AWS_73")
    assert first.address == f"aws_sqs_queue.{queue.friendly_unique_id}"
    assert (first.reason, first.expires) == (reason, LAST_DAY)
    assert first.source.startswith("test_waivers.py:")


@pytest.mark.parametrize("reason", ["", "not needed", "accepted by the team"])
def test_a_meaningless_reason_is_refused(queue: Any, reason: str) -> None:
    with pytest.raises(ValueError, match="is too short a reason"):
        waive(queue, "CKV_AWS_27", reason=reason, expires=LAST_DAY)
    assert waivers(TerraformStack.of(queue)) == ()
