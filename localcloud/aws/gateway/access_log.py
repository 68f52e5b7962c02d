"""A stage's access log: one line per call in the configured format, in the configured log group."""

from __future__ import annotations

import hashlib
import re
import time

from localcloud.aws.gateway.call import LOOPBACK, GatewayCall
from localcloud.aws.lambda_logs import now_ms, write_events
from localcloud.aws.routing import Response


def write(call: GatewayCall, response: Response, *, error: str = "") -> None:
    """Write the line, if the stage has an access log. A name of $context that is not known here becomes "-"."""
    settings = getattr(call.to.stage, "access_log_settings", None) or {}
    destination, template = settings.get("destinationArn", ""), settings.get("format", "")
    if not template or ":log-group:" not in destination:
        return
    values = _context(call, response, error)
    line = re.sub(r"\$context\.([A-Za-z0-9_.]+)", lambda match: values.get(match[1], "-"), template)
    _, _, _, region, account, _, group = destination.removesuffix(":*").split(":", 6)
    stream = hashlib.md5(f"{call.to.api_id}/{call.to.stage.name}".encode(), usedforsecurity=False).hexdigest()
    write_events(account=account, region=region, group=group, stream=stream, lines=[(now_ms(), line)])


def _context(call: GatewayCall, response: Response, error: str) -> dict[str, str]:
    request = call.request
    return {
        "accountId": call.to.account,
        "apiId": call.to.api_id,
        "domainName": call.domain,
        "domainPrefix": call.domain.split(".")[0],
        "error.message": error or "-",
        "error.messageString": f'"{error}"' if error else "-",
        "extendedRequestId": call.request_id,
        "httpMethod": request.method,
        "identity.sourceIp": LOOPBACK,
        "identity.userAgent": request.headers.get("user-agent", "-"),
        "integrationErrorMessage": "-",
        "integration.error": call.log.get("integrationErrorMessage", "-"),
        "path": request.path,
        "protocol": "HTTP/1.1",
        "requestId": call.request_id,
        "requestTime": call.time,
        "requestTimeEpoch": str(call.epoch_ms),
        "responseLatency": str(int((time.time() - call.begun) * 1000)),
        "responseLength": str(len(response.body)),
        "stage": call.to.stage.name,
        "status": str(response.status),
        **call.log,
    }
