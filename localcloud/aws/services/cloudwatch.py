"""CloudWatch: composite alarms."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import add


def install() -> None:
    """moto describes alarms with a rule as composite alarms, but lacks the action that makes them."""
    from moto.cloudwatch.responses import CloudWatchResponse

    add(CloudWatchResponse, put_composite_alarm)


def put_composite_alarm(self: Any) -> Any:
    """PutCompositeAlarm."""
    from moto.core.responses import EmptyResult

    actions_enabled = self._get_bool_param("ActionsEnabled")
    self.cloudwatch_backend.put_metric_alarm(
        name=self._get_param("AlarmName"),
        namespace=None,
        metric_name=None,
        metric_data_queries=None,
        comparison_operator=None,
        evaluation_periods=None,
        period=None,
        threshold=None,
        statistic=None,
        description=self._get_param("AlarmDescription"),
        dimensions=[],
        alarm_actions=self._get_param("AlarmActions", []),
        ok_actions=self._get_param("OKActions", []),
        insufficient_data_actions=self._get_param("InsufficientDataActions", []),
        actions_enabled=True if actions_enabled is None else actions_enabled,
        rule=self._get_param("AlarmRule"),
        tags=self._get_param("Tags", []),
    )
    return EmptyResult()
