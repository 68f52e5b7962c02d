"""Alarms of a function and the API in front of it, and a dashboard with the figures behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from constructs import Construct

from stacks.blocks.api.api_endpoint import ApiEndpoint, ApiMetrics
from stacks.values import AwsScope
from stacks.values.api import Alarms

PERIOD = 300  # seconds; CloudWatch keeps five-minute figures for 63 days
_SLOW_PERIODS = 3  # one slow quarter of an hour: a single cold start is nothing to wake somebody for
_WIDTH, _HEIGHT = 12, 6  # of 24 columns
Source = tuple[str, Mapping[str, str]]
"""Namespace and dimensions of metrics."""


class ApiAlarms(Construct):
    """Alarms named `<API>-…`: the function fails, is throttled, comes near its timeout; the API answers 5xx.

    Without traffic there is no alarm. `notify_arns` receive an alarm and its end.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        values: Alarms,
        api: ApiEndpoint,
        notify_arns: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, id_)
        self._name, self._notify = api.name, list(notify_arns)
        function: Source = ("AWS/Lambda", {"FunctionName": api.function.function_name})
        gateway: Source = ("AWS/ApiGateway", api.metrics.dimensions)
        failures: dict[str, Any] = {"threshold": values.errors, "statistic": "Sum"}
        self._alarm("function-errors", "The function failed", function, "Errors", **failures)
        self._alarm(
            "function-throttles",
            "Calls of the function were turned away: its concurrency is used up",
            function,
            "Throttles",
            **failures,
        )
        self._alarm(
            "function-slow",
            f"The slowest twentieth of calls takes more than {values.slow_percent} % of the function's timeout",
            function,
            "Duration",
            threshold=api.values.function.timeout_seconds * 10 * values.slow_percent,  # milliseconds
            extended_statistic="p95",
            periods=_SLOW_PERIODS,
        )
        self._alarm("api-errors", "The API answers 5xx", gateway, api.metrics.server_errors, **failures)
        self.dashboard = CloudwatchDashboard(
            self,
            "dashboard",
            dashboard_name=api.name,
            dashboard_body=json.dumps(_dashboard(aws.region, function, gateway, api.metrics)),
        )

    def _alarm(
        self, id_: str, description: str, source: Source, metric: str, *, periods: int = 1, **condition: Any
    ) -> None:
        namespace, dimensions = source
        CloudwatchMetricAlarm(
            self,
            id_.replace("-", "_"),
            alarm_name=f"{self._name}-{id_}",
            alarm_description=description,
            namespace=namespace,
            metric_name=metric,
            dimensions=dict(dimensions),
            period=PERIOD,
            evaluation_periods=periods,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=self._notify or None,
            ok_actions=self._notify or None,
            **condition,
        )


def _dashboard(region: str, function: Source, gateway: Source, api: ApiMetrics) -> dict[str, Any]:
    """Rate, errors and duration, of the API to the left and of the function to the right."""
    rows = (
        (("Requests", gateway, [("Count", "Sum")]), ("Invocations", function, [("Invocations", "Sum")])),
        (
            ("Answers 4xx and 5xx", gateway, [(api.client_errors, "Sum"), (api.server_errors, "Sum")]),
            ("Errors and throttles", function, [("Errors", "Sum"), ("Throttles", "Sum")]),
        ),
        (
            ("Latency, ms", gateway, [("Latency", "p50"), ("Latency", "p95")]),
            ("Duration, ms", function, [("Duration", "p50"), ("Duration", "p95")]),
        ),
    )
    widgets = []
    for row, pair in enumerate(rows):
        for column, (title, (namespace, dimensions), metrics) in enumerate(pair):
            named = [part for item in dimensions.items() for part in item]
            widgets.append(
                {
                    "type": "metric",
                    "x": column * _WIDTH,
                    "y": row * _HEIGHT,
                    "width": _WIDTH,
                    "height": _HEIGHT,
                    "properties": {
                        "title": title,
                        "region": region,
                        "view": "timeSeries",
                        "period": PERIOD,
                        "metrics": [[namespace, metric, *named, {"stat": stat}] for metric, stat in metrics],
                    },
                }
            )
    return {"widgets": widgets}
