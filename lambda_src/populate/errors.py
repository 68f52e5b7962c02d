"""Every way the function can fail, each with its HTTP answer; no other file names a status code.

Problem                      status  code
├── MalformedRequest          400    malformed-request
├── UnknownPath               404    unknown-path
├── MethodNotAllowed          405    method-not-allowed
├── RequestInProgress         409    request-in-progress
├── InvalidRequest            422    invalid-request
├── KeyReusedWithOtherBody    422    idempotency-key-reused
├── Misconfigured             500    misconfigured
├── Unexpected                500    unexpected
├── ArchiveRefused            502    archive-refused
├── ListingsFailed            502    listings-failed
├── ArchiveUnavailable        503    archive-unavailable
├── IdempotencyUnavailable    503    idempotency-unavailable
└── TimedOut                  504    timed-out
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar


class Problem(Exception):
    """A failure with its answer (RFC 9457). The caller reads `public`; `reason` is for the log alone."""

    status: ClassVar[HTTPStatus]
    code: ClassVar[str]
    title: ClassVar[str]
    public: ClassVar[str] = ""
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def detail(self) -> str:
        """The sentence the caller reads: the fixed one of the class, or the reason where that is about the request."""
        return self.public or self.reason

    def body(self, request_id: str) -> dict[str, str | int]:
        """The answer's JSON; `request_id` finds the log lines of the request."""
        return {
            "type": f"urn:populate:problem:{self.code}",
            "title": self.title,
            "status": int(self.status),
            "detail": self.detail,
            "request_id": request_id,
        }


class MalformedRequest(Problem):
    """The body is not JSON, or not text."""

    status, code, title = HTTPStatus.BAD_REQUEST, "malformed-request", "The request cannot be read"


class UnknownPath(Problem):
    """Nothing is served here."""

    status, code, title = HTTPStatus.NOT_FOUND, "unknown-path", "Nothing is served at this path"


class MethodNotAllowed(Problem):
    """The path is right, the method is not."""

    status, code, title = HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", "Only POST is served at this path"
    headers: ClassVar[Mapping[str, str]] = {"Allow": "POST"}


class RequestInProgress(Problem):
    """The first request with this Idempotency-Key has not ended yet."""

    status, code, title = HTTPStatus.CONFLICT, "request-in-progress", "The same request is being worked on"
    public = "A request with this Idempotency-Key has not ended yet; ask again for its answer"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "2"}


class InvalidRequest(Problem):
    """The body is JSON, but not a request."""

    status, code, title = HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "The request is not valid"


class KeyReusedWithOtherBody(Problem):
    """The Idempotency-Key was used before, with another body."""

    status, code, title = HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The Idempotency-Key is taken"
    public = "This Idempotency-Key was used with another body within the last hour; send a new key"


class Misconfigured(Problem):
    """The function's own environment, or the event it is wired to, is wrong."""

    status, code, title = HTTPStatus.INTERNAL_SERVER_ERROR, "misconfigured", "The service is not set up correctly"
    public = "The operator has to look at the function's configuration"


class Unexpected(Problem):
    """A fault of the function itself."""

    status, code, title = HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected", "The service failed"
    public = "The failure was logged under this request id"


class ArchiveRefused(Problem):
    """S3 or KMS of the archive's account refused the write; trying again will not help."""

    status, code, title = HTTPStatus.BAD_GATEWAY, "archive-refused", "The archive did not accept the file"
    public = "The archive refused the file; the operator has to look at its policies"


class ListingsFailed(Problem):
    """The listings API or its key cannot be used."""

    status, code, title = HTTPStatus.BAD_GATEWAY, "listings-failed", "The listings could not be fetched"
    public = "The listings service did not give a usable answer"


class ArchiveUnavailable(Problem):
    """The archive cannot be reached or is busy; trying again may help."""

    status, code, title = HTTPStatus.SERVICE_UNAVAILABLE, "archive-unavailable", "The archive cannot be reached"
    public = "The archive is busy or cannot be reached; try again later"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "5"}


class IdempotencyUnavailable(Problem):
    """The table of earlier requests cannot be used, so a repeat could not be recognised."""

    status, code, title = HTTPStatus.SERVICE_UNAVAILABLE, "idempotency-unavailable", "Repeats cannot be recognised"
    public = "Whether this request is a repeat cannot be found out now; try again later"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "5"}


class TimedOut(Problem):
    """An answer did not come within the time the function has."""

    status, code, title = HTTPStatus.GATEWAY_TIMEOUT, "timed-out", "An answer did not come in time"
    public = "A service behind this one did not answer in time; the file may or may not have been written"
