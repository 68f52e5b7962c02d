"""One call of an API: the request, the API and stage that it is for, and what the access log offers about it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from localcloud.aws.routing import Request, Response, json_response

LOOPBACK = "127.0.0.1"


class GatewayError(Exception):
    """The gateway itself answers, without the integration."""

    def __init__(
        self, status: int, message: str, *, reason: str = "", headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.response: Response = json_response({"message": message}, status, headers)
        self.reason = reason or message


@dataclass(frozen=True)
class Destination:
    """Where a call goes: the moto API and stage, and the path below the stage. `custom`: by a custom domain."""

    kind: str  # "REST" or "HTTP"
    api: Any
    backend: Any
    account: str
    region: str
    stage: Any
    path: str
    custom: bool

    @property
    def api_id(self) -> str:
        """The id of the API."""
        return str(self.api.id if self.kind == "REST" else self.api.api_id)

    @property
    def stage_variables(self) -> dict[str, Any]:
        """The variables of the stage."""
        return (self.stage.variables if self.kind == "REST" else self.stage.stage_variables) or {}

    @property
    def internal_error(self) -> str:
        """What API Gateway answers when it fails itself."""
        return "Internal server error" if self.kind == "REST" else "Internal Server Error"

    def arn(self, method: str, path: str) -> str:
        """The ARN that policies and permissions name."""
        return (
            f"arn:aws:execute-api:{self.region}:{self.account}:"
            f"{self.api_id}/{self.stage.name}/{method}/{path.removeprefix('/')}"
        )


@dataclass
class GatewayCall:
    """A call on its way through the gateway; `log` collects what $context offers to the access log."""

    request: Request
    to: Destination
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    begun: float = field(default_factory=time.time)
    path_parameters: dict[str, str] = field(default_factory=dict)
    authorizer: dict[str, Any] | None = None
    log: dict[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, names in lower case."""
        return self.request.headers

    @property
    def sent_headers(self) -> dict[str, str]:
        """The headers as a function sees them: with those that API Gateway adds."""
        port = self.headers.get("host", "").rpartition(":")[2]
        forwarded = self.headers.get("x-forwarded-for")
        return {
            **self.headers,
            "x-amzn-trace-id": self.headers.get("x-amzn-trace-id") or _trace_id(self.begun),
            "x-forwarded-for": f"{forwarded}, {LOOPBACK}" if forwarded else LOOPBACK,
            "x-forwarded-port": port if port.isdigit() else "80",
            "x-forwarded-proto": "http",
        }

    def refuse_large_body(self, most: int, message: str) -> None:
        """Raise the 413 of a body of more than `most` bytes."""
        if len(self.request.body) > most:
            raise GatewayError(413, message, reason=f"a body of {len(self.request.body)} bytes, at most {most}")

    @property
    def domain(self) -> str:
        """The host name of the request."""
        return self.headers.get("host", "").rsplit(":", 1)[0]

    def failed(self, reason: str) -> GatewayError:
        """The 500 of an API that is configured in a way that cannot be answered."""
        return GatewayError(500, self.to.internal_error, reason=reason)

    @property
    def time(self) -> str:
        """The time as API Gateway writes it: 21/Nov/2026:10:00:00 +0000."""
        return datetime.fromtimestamp(self.begun, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")

    @property
    def epoch_ms(self) -> int:
        """Milliseconds since the epoch."""
        return int(self.begun * 1000)


def _trace_id(begun: float) -> str:
    """A trace's root as X-Ray writes it: version, seconds since the epoch in hexadecimal, 96 random bits."""
    return f"Root=1-{int(begun):08x}-{uuid.uuid4().hex[:24]}"
