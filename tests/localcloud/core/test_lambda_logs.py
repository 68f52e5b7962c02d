"""A log keeps a function's lines in the order in which they were written, whatever their times."""

from __future__ import annotations

from typing import Any

from localcloud.aws.lambda_logs import now_ms, write_events


def test_a_line_with_an_earlier_time_stays_behind_the_line_before_it() -> None:
    from moto.logs.models import logs_backends

    now = now_ms()
    lines = [(now, "START"), (now - 500, "Traceback"), (now + 500, "END")]
    write_events(account="000000000000", region="eu-west-2", group="/aws/lambda/f", stream="s", lines=lines)
    group: Any = logs_backends["000000000000"]["eu-west-2"].groups["/aws/lambda/f"]
    events = [(event.timestamp, event.message) for event in group.streams["s"].events]
    assert events == [(now, "START"), (now, "Traceback"), (now + 500, "END")]
