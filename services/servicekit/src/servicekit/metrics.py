"""RED metrics (requests, errors, durations) and gauges of the pool, in a registry of the application's own."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from servicekit.store import Store

# Seconds: a ledger answers in milliseconds, an upstream of the market in seconds.
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metrics of one application; the status label gives errors, the histogram's count the requests."""

    def __init__(self, store: Store) -> None:
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "http_request_duration_seconds",
            "Time from a request's first byte to its answer",
            ("method", "route", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.in_progress = Gauge("http_requests_in_progress", "Requests being answered", registry=self.registry)
        self.registry.register(_Pool(store))


class _Pool(Collector):
    """Reads the pool's own figures when it is asked."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[GaugeMetricFamily]:
        figures = self._store.figures()
        for name, text, value in (
            ("pool_size", "Connections of the pool", figures.size),
            ("pool_available", "Connections that no request uses", figures.available),
            ("pool_max", "Connections that the pool may have", figures.largest),
            ("requests_waiting", "Requests that wait for a connection", figures.waiting),
            ("connections_errors", "Attempts to connect that failed, since the start", figures.errors),
        ):
            yield GaugeMetricFamily(f"db_{name}", text, value=value)
