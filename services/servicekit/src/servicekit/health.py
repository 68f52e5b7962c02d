"""/livez: the process runs. /readyz: it can serve. /metrics: for Prometheus."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from servicekit.metrics import Metrics
from servicekit.problems import Unavailable
from servicekit.store import Store


@dataclass
class Lifecycle:
    """Whether the process is about to end."""

    stopping: bool = False


def router(lifecycle: Lifecycle, store: Store, metrics: Metrics) -> APIRouter:
    """The three routes that the platform calls; they need no token and are not part of the API."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/livez")
    async def livez() -> Response:
        # No dependency: a restart of this process would not repair a database.
        return Response(b'{"status":"ok"}', media_type="application/json")

    @routes.get("/readyz")
    async def readyz() -> Response:
        problem = "the process is stopping" if lifecycle.stopping else await _problem(store)
        body = {"status": "ok"} if problem is None else {"status": "unavailable", "reason": problem}
        return Response(orjson.dumps(body), 200 if problem is None else 503, media_type="application/json")

    @routes.get("/metrics")
    async def scrape() -> Response:
        return Response(generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return routes


async def _problem(store: Store) -> str | None:
    try:
        return await store.problem()
    except Unavailable as error:
        return error.detail
