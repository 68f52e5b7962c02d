"""The Lambda entry point: settings and clients once per cold start, then every event gets a JSON answer."""

from __future__ import annotations

import json
import os
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit

from .api import Api
from .errors import Problem, Unexpected
from .events import request_id_of
from .settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# The POWERTOOLS_ variables win; without these defaults, a missing variable would break every answer at its end.
logger = Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME") or "populate")
metrics = Metrics(
    service=os.environ.get("POWERTOOLS_SERVICE_NAME") or "populate",
    namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or "Populate",
)


# Payloads 1.0 and 2.0 have the request id in the same place.
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers one API Gateway event. Never raises: an exception would reach the caller as a bare 502."""
    try:
        return _api().resolve(event, context)
    except Problem as problem:
        return _problem_answer(problem, event)
    except Exception as error:  # whatever it is, the caller gets a JSON answer
        logger.exception("unexpected failure")
        return _problem_answer(Unexpected(type(error).__name__), event)


@cache
def _api() -> Api:
    """The API with its clients, made on the first event; what it raises is not cached."""
    return Api.connect(Settings.from_environ(os.environ), observe=_record_answer)


def _record_answer(answer: dict[str, Any], replayed: bool) -> None:
    if replayed:
        metrics.add_metric(name="Replays", unit=MetricUnit.Count, value=1)
    else:
        metrics.add_metric(name="FilesWritten", unit=MetricUnit.Count, value=1)
        metrics.add_metric(name="RecordsWritten", unit=MetricUnit.Count, value=answer["records"])
    logger.info("populated", extra={"answer": answer, "replayed": replayed})


def _problem_answer(problem: Problem, event: dict[str, Any]) -> dict[str, Any]:
    """The answer both payload versions accept; the log gets the reason that the caller does not."""
    level = logger.error if problem.status >= 500 else logger.warning
    level(problem.title, extra={"problem": problem.code, "status": int(problem.status), "reason": problem.reason})
    metrics.add_metric(name="ServerProblems" if problem.status >= 500 else "RequestProblems", unit="Count", value=1)
    metrics.add_metadata(key="problem", value=problem.code)
    return {
        "statusCode": int(problem.status),
        "headers": {"Content-Type": "application/problem+json", **problem.headers},
        "body": json.dumps(problem.body(request_id_of(event))),
        "isBase64Encoded": False,
    }
