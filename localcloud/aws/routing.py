"""REST calls that moto lacks: a route is a service's signing name, a method, a path pattern and a handler."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote
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
        return unquote((self.match and self.match.group(name)) or "")

    def groups(self) -> dict[str, str]:
        """All named groups of the path pattern."""
        return {name: self.group(name) for name in (self.match.re.groupindex if self.match else ())}

    def arn(self, resource: str) -> str:
        """The ARN of a resource of this service in the caller's account and region."""
        return f"arn:aws:{self.service}:{self.region}:{self.account}:{resource}"

    @property
    def store(self) -> store.Space:
        """The store of this service in the caller's account and region."""
        return store.space(self.account, self.region, self.service)

    def items(self, kind: str) -> list[Any]:
        """The items of the store whose keys begin with `kind` and a slash."""
        return [item for key, item in self.store.items() if key.startswith(f"{kind}/")]


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
ItemHandler = Callable[[Request, Any], Response]


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
    """Finds the handler of a request."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = tuple(routes)

    def answer(self, request: Request) -> Response | None:
        """The answer of the first matching route that has one; None when moto has to answer."""
        for route in self._routes:
            match = route.matches(request)
            if match:
                response = route.handler(replace(request, match=match))
                if response is not None:
                    return response
        return None


def requires(lookup: Callable[[Request], Any], missing: str) -> Callable[[ItemHandler], Callable[[Request], Response]]:
    """Decorate a handler that also gets what `lookup` returns; the answer is 404 where that is None.

    `missing` is the message of the 404, with named groups of the path in braces.
    """

    def decorate(handler: ItemHandler) -> Callable[[Request], Response]:
        @functools.wraps(handler)
        def handle(request: Request) -> Response:
            item = lookup(request)
            return not_found(missing.format(**request.groups())) if item is None else handler(request, item)

        return handle

    return decorate


def json_response(body: Any, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Response:
    """A JSON answer."""
    return Response(status, json.dumps(body).encode(), (("Content-Type", "application/json"), *headers))


def json_error(code: str, message: str, status: int = 400) -> Response:
    """An error as the REST-JSON and JSON protocols name it: `code` in x-amzn-errortype and in the body."""
    return json_response({"__type": code, "message": message}, status, (("x-amzn-errortype", code),))


def not_found(message: str, status: int = 404) -> Response:
    """The error of most services for a resource that does not exist."""
    return json_error("ResourceNotFoundException", message, status)


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
