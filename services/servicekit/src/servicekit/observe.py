"""Around every request: request and trace ids, its metrics, its line in the log, and the answer to a fault."""

from __future__ import annotations

import re
import time
import uuid

import structlog
from opentelemetry import propagate, trace
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.metrics import Metrics
from servicekit.problems import Problem, respond

# Probes come every few seconds and say nothing new.
QUIET = frozenset({"/livez", "/readyz", "/metrics"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

log = structlog.get_logger()


class Observe:
    """Pure ASGI: a wrapper of the application that costs microseconds."""

    def __init__(self, app: ASGIApp, metrics: Metrics, max_body_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of `scope`; anything but HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = headers.get("x-request-id", "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = uuid.uuid4().hex
        status = 500
        started = False

        async def observed_send(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        received = 0

        async def limited_receive() -> Message:
            # Not FastAPI's own limit, whose signals would pass here as faults.
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if max(received, declared) > self._max_body_bytes:
                raise HTTPException(413, f"the body has more than {self._max_body_bytes} bytes")
            return message

        length = headers.get("content-length", "")
        declared = int(length) if length.isdecimal() else 0
        self._metrics.in_progress.inc()
        with structlog.contextvars.bound_contextvars(request_id=request_id, **_trace_ids(headers)):
            began = time.perf_counter()
            try:
                await self._app(scope, limited_receive, observed_send)
            except Exception:
                log.exception("fault", method=scope["method"], path=scope["path"])
                if started:
                    raise
                fault = Problem(500, "The service failed; the log has the reason under this request id")
                await respond(fault)(scope, receive, observed_send)
            finally:
                self._report(scope, status, time.perf_counter() - began)
                self._metrics.in_progress.dec()

    def _report(self, scope: Scope, status: int, seconds: float) -> None:
        # The template of the path, not the path: a label per account would fill Prometheus.
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.seconds.labels(method, route, str(status)).observe(seconds)
        if scope["path"] not in QUIET:
            log.info("request", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 2))


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _trace_ids(headers: Headers) -> dict[str, str]:
    """The ids of FastAPI's span where an OpenTelemetry SDK is configured, else the caller's; nothing without either."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        if "traceparent" not in headers:
            return {}
        context = trace.get_current_span(propagate.extract(headers)).get_span_context()
        if not context.is_valid:
            return {}
    return {"trace_id": trace.format_trace_id(context.trace_id), "span_id": trace.format_span_id(context.span_id)}
