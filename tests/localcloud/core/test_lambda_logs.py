"""A function's lines are kept in the order in which they stand, whatever their clocks said."""

from __future__ import annotations

from typing import Any

from localcloud.aws.lambda_logs import now_ms, write_events


def test_lines_that_were_printed_before_the_one_in_front_of_them_are_kept_in_their_order() -> None:
    from moto.logs.models import logs_backends

    now = now_ms()
    lines = [(now, "START"), (now - 500, "Traceback"), (now + 500, "END")]
    write_events(account="000000000000", region="eu-west-2", group="/aws/lambda/f", stream="s", lines=lines)
    group: Any = logs_backends["000000000000"]["eu-west-2"].groups["/aws/lambda/f"]
    kept = [(event.timestamp, event.message) for event in group.streams["s"].events]
    assert kept == [(now, "START"), (now, "Traceback"), (now + 500, "END")]
