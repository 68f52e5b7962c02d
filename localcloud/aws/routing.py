"""REST calls that moto lacks: a route is a service's signing name, a method, a path pattern and a handler."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from xml.sax.saxutils import escape

from localcloud.aws import store


@dataclass(frozen=True)
class Request:
    """A request as a handler sees it.

    `path` is decoded, `raw_path` as sent (an ARN in a path arrives as %2F there). Header names are lower case. `query`
    keeps every value of a name, blank ones too. `match` is the route's match against `raw_path` when that matched,
    against `path` otherwise; `group(name)` decodes.
    """

    account: str
    region: str
    service: str
    principal_arn: str
    method: str
    path: str
    raw_path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    match: re.Match[str] | None = None
    raw_query: str = ""

    def json(self) -> Any:
        """The body as JSON; an empty body is {}."""
        return json.loads(self.body or b"{}")

    def group(self, name: str) -> str:
        """A named group of the path pattern, percent-decoded; "" where the group took no part."""
        from urllib.parse import unquote

        return unquote((self.match and self.match.group(name)) or "")

    @property
    def store(self) -> store.Space:
        """The store of this service in the caller's account and region."""
        return store.space(self.account, self.region, self.service)


@dataclass(frozen=True)
class Response:
    """An answer; `headers` may repeat a name (Set-Cookie)."""

    status: int = 200
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = field(default_factory=tuple)

    def header(self, name: str) -> str:
        """The first value of a header, "" when absent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


# A handler that returns None leaves the request to moto.
Handler = Callable[[Request], Response | None]


@dataclass(frozen=True)
class Route:
    """One call: `service` is the signing name of the credential scope, `path` a pattern matched against all of it."""

    service: str
    method: str
    path: str
    handler: Handler

    def matches(self, request: Request) -> re.Match[str] | None:
        """The match of this route, None when it is not for this request."""
        if self.service != request.service or self.method not in ("*", request.method):
            return None
        return re.fullmatch(self.path, request.raw_path) or re.fullmatch(self.path, request.path)


class Router:
    """Finds the handler of a request; the first route that matches and does not return None answers."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = tuple(routes)

    def answer(self, request: Request) -> Response | None:
        """The answer of the first route that has one, None when moto shall answer."""
        for route in self._routes:
            match = route.matches(request)
            if match:
                response = route.handler(replace(request, match=match))
                if response is not None:
                    return response
        return None


def json_response(body: Any, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Response:
    """A JSON answer."""
    return Response(status, json.dumps(body).encode(), (("Content-Type", "application/json"), *headers))


def json_error(code: str, message: str, status: int = 400) -> Response:
    """An error as the REST-JSON and JSON protocols name it: `code` in x-amzn-errortype and in the body."""
    return json_response({"__type": code, "message": message}, status, (("x-amzn-errortype", code),))


def xml_response(body: str | bytes, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Response:
    """An XML answer."""
    data = body.encode() if isinstance(body, str) else body
    return Response(status, data, (("Content-Type", "application/xml"), *headers))


def xml_error(code: str, message: str, status: int = 400, *, wrapped: bool = False) -> Response:
    """An error in XML: S3's bare <Error>, or with `wrapped` the <ErrorResponse> of query services."""
    error = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    if wrapped:
        error = f"<ErrorResponse>{error}<RequestId>local</RequestId></ErrorResponse>"
    return xml_response(f'<?xml version="1.0" encoding="UTF-8"?>{error}', status)
