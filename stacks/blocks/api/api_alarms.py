"""Alarms of a function and the API in front of it, and a dashboard with the figures behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from constructs import Construct

from stacks.values import AwsScope

PERIOD = 300  # seconds; CloudWatch keeps five-minute figures for 63 days
_SLOW_PERIODS = 3  # one slow quarter of an hour: a single cold start is nothing to wake somebody for
_WIDTH, _HEIGHT = 12, 6  # of 24 columns


@dataclass(frozen=True, kw_only=True)
class ApiMetrics:
    """What CloudWatch calls the figures of an API: the two kinds have names and dimensions of their own."""

    dimensions: Mapping[str, str]
    server_errors: str
    client_errors: str

    @classmethod
    def rest(cls, *, name: str, stage: str) -> ApiMetrics:
        """A REST API (API Gateway developer guide, "REST API dimensions and metrics")."""
        return cls(dimensions={"ApiName": name, "Stage": stage}, server_errors="5XXError", client_errors="4XXError")

    @classmethod
    def http(cls, *, api_id: str, stage: str) -> ApiMetrics:
        """An HTTP API (API Gateway developer guide, "Metrics for HTTP APIs")."""
        return cls(dimensions={"ApiId": api_id, "Stage": stage}, server_errors="5xx", client_errors="4xx")


class ApiAlarms(Construct):
    """Alarms named `<name>-…`: the function fails, is throttled, comes near its timeout; the API answers 5xx.

    `errors` is how many failures in five minutes count, `slow_percent` the share of `timeout_seconds` that the slowest
    twentieth of calls may take. `notify_arns` hear of an alarm and of its end. No traffic is no alarm.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        name: str,
        function_name: str,
        timeout_seconds: int,
        api: ApiMetrics,
        errors: int,
        slow_percent: int,
        notify_arns: Sequence[str],
    ) -> None:
        super().__init__(scope, id_)
        self._name, self._notify = name, list(notify_arns)
        function = {"FunctionName": function_name}
        self._alarm(
            "function-errors",
            "The function failed",
            "AWS/Lambda",
            "Errors",
            function,
            threshold=errors,
            statistic="Sum",
        )
        self._alarm(
            "function-throttles",
            "Calls of the function were turned away: its concurrency is used up",
            "AWS/Lambda",
            "Throttles",
            function,
            threshold=errors,
            statistic="Sum",
        )
        self._alarm(
            "function-slow",
            f"The slowest twentieth of calls takes more than {slow_percent} % of the function's timeout",
            "AWS/Lambda",
            "Duration",
            function,
            threshold=timeout_seconds * 10 * slow_percent,  # milliseconds
            extended_statistic="p95",
            periods=_SLOW_PERIODS,
        )
        self._alarm(
            "api-errors",
            "The API answers 5xx",
            "AWS/ApiGateway",
            api.server_errors,
            api.dimensions,
            threshold=errors,
            statistic="Sum",
        )
        self.dashboard = CloudwatchDashboard(
            self, "dashboard", dashboard_name=name, dashboard_body=json.dumps(_dashboard(aws.region, function, api))
        )

    def _alarm(
        self,
        what: str,
        description: str,
        namespace: str,
        metric: str,
        dimensions: Mapping[str, str],
        *,
        threshold: int,
        statistic: str | None = None,
        extended_statistic: str | None = None,
        periods: int = 1,
    ) -> CloudwatchMetricAlarm:
        return CloudwatchMetricAlarm(
            self,
            what.replace("-", "_"),
            alarm_name=f"{self._name}-{what}",
            alarm_description=description,
            namespace=namespace,
            metric_name=metric,
            dimensions=dict(dimensions),
            statistic=statistic,
            extended_statistic=extended_statistic,
            period=PERIOD,
            evaluation_periods=periods,
            threshold=threshold,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=self._notify or None,
            ok_actions=self._notify or None,
        )


def _dashboard(region: str, function: Mapping[str, str], api: ApiMetrics) -> dict[str, Any]:
    """Rate, errors and duration, of the API to the left and of the function to the right."""
    gateway, code = ("AWS/ApiGateway", api.dimensions), ("AWS/Lambda", function)
    rows = (
        (("Requests", gateway, [("Count", "Sum")]), ("Invocations", code, [("Invocations", "Sum")])),
        (
            ("Answers 4xx and 5xx", gateway, [(api.client_errors, "Sum"), (api.server_errors, "Sum")]),
            ("Errors and throttles", code, [("Errors", "Sum"), ("Throttles", "Sum")]),
        ),
        (
            ("Latency, ms", gateway, [("Latency", "p50"), ("Latency", "p95")]),
            ("Duration, ms", code, [("Duration", "p50"), ("Duration", "p95")]),
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
