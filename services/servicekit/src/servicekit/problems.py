"""Errors as the client sees them: application/problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """Raised by routes and queries; the answer has `status`, a sentence, and further members by name."""

    def __init__(self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members


class Unavailable(Problem):
    """The database cannot be reached, or does not answer in time."""

    def __init__(self, detail: str) -> None:
        super().__init__(503, detail, headers={"Retry-After": "1"})


class ProblemBody(BaseModel):
    """The body of every error, for the OpenAPI document."""

    type: str = Field(default="about:blank", examples=["about:blank"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["Transaction t1 exists with other lines"])


def respond(problem: Problem) -> Response:
    """The answer for a problem."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        **problem.members,
    }
    return Response(orjson.dumps(body), problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def from_validation(error: RequestValidationError) -> Problem:
    """400 with a pointer and a sentence per field that is wrong; values are not repeated."""
    errors = [{"at": "/".join(map(str, entry["loc"])), "message": str(entry["msg"])} for entry in error.errors()]
    return Problem(400, "The request does not have the form that the API describes", errors=errors)


def allowed_methods(request: Request, path: str | None = None) -> list[str]:
    """The methods that any route takes for a path, that of the request by default; sorted."""
    scope = {**request.scope, "path": path or request.scope["path"]}

    def taken(method: str) -> bool:
        return any(route.matches({**scope, "method": method})[0] is Match.FULL for route in request.app.routes)

    return [method for method in ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT") if taken(method)]


def install(app: FastAPI) -> None:
    """Answer every kind of error with a problem; what nobody expects is answered by observe.py."""

    async def on_problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101 (Starlette chooses the handler by this type)
        return respond(error)

    async def on_validation(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 (as before)
        return respond(from_validation(error))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 (as before)
        detail = f"{request.method} {request.url.path}: {error.detail}"
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = ", ".join(allowed_methods(request))
        return respond(Problem(error.status_code, detail, headers=headers))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
