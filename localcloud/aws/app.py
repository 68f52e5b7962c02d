"""The WSGI application: reserved paths, API Gateway hosts, routes of the services, and moto for everything else."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote

import structlog
from werkzeug.test import run_wsgi_app

from localcloud.aws import body_digest, identity
from localcloud.aws.attempts import ATTEMPTS
from localcloud.aws.authorisation import refuse
from localcloud.aws.moto_lock import MOTO_LOCK
from localcloud.aws.protocol_errors import failed, not_implemented
from localcloud.aws.routing import Request, Response, Router, json_error
from localcloud.aws.settings import MAX_BODY

log = structlog.get_logger(__name__)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApplication = Callable[[Environ, StartResponse], Iterable[bytes]]


class Part(Protocol):
    """Something that may answer a request before AWS's services do."""

    def answer(self, request: Request) -> Response | None:
        """The answer; None when the request is not for this part."""


class Observer(Protocol):
    """Something that has to know about every request that AWS's services answered."""

    def answered(self, request: Request, response: Response) -> None:
        """Called while holding the lock, before the client gets the answer."""


class Application:
    """Answers every request of the embedded AWS; `parts` come before the services, and see unsigned requests too."""

    def __init__(
        self, *, moto: WsgiApplication, router: Router, parts: Iterable[Part] = (), observers: Iterable[Observer] = ()
    ) -> None:
        self._moto = moto
        self._router = router
        self._parts = tuple(parts)
        self._observers = tuple(observers)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            body = _read_body(environ)
        except _CutOff:
            # The client ended in the middle. AWS does nothing then; half a state file must not become the state.
            message = "the connection ended before the whole body had arrived"
            return _send(json_error("IncompleteBody", message), start_response)
        if body is None:
            message = f"the embedded AWS takes bodies of at most {MAX_BODY} bytes"
            return _send(json_error("RequestEntityTooLargeException", message, 413), start_response)
        body_digest.begin(body)
        request, caller = parse(environ, body)
        with identity.acting_as(caller):
            response = self.respond(request, environ)
        return _send(response, start_response)

    def respond(self, request: Request, environ: Environ) -> Response:
        """The answer to a request; call it while acting as the caller."""
        for part in self._parts:
            response = part.answer(request)
            if response is not None:
                return response
        if request.path.startswith("/moto-api"):
            return json_error("AccessDeniedException", "moto's own interface is switched off here", 403)
        if _waits(request):
            with MOTO_LOCK.held():
                refusal = refuse(request, identity.current())
            return refusal or self._moto_answers(request, environ)
        with MOTO_LOCK.held():
            if earlier := ATTEMPTS.earlier(request):
                return earlier
            if refusal := refuse(request, identity.current()):
                return refusal
            response = self.apply(request, environ)
            for observer in self._observers:
                observer.answered(request, response)
            ATTEMPTS.remember(request, response)
        return response

    def apply(self, request: Request, environ: Environ) -> Response:
        """What routes and moto make of a request, unknown to observers; call it while holding the lock."""
        return self._router.answer(request) or self._moto_answers(request, environ)

    def observe(self, observer: Observer) -> None:
        """Tell `observer` about every answer from now on."""
        self._observers = (*self._observers, observer)

    def _moto_answers(self, request: Request, environ: Environ) -> Response:
        environ = {
            **environ,
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.input_terminated": True,  # so that it is read in one piece; a length is counted in small ones
            "CONTENT_LENGTH": str(len(request.body)),
            "HTTP_X_MOTO_ACCOUNT_ID": request.account,
        }
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        try:
            chunks, status, headers = run_wsgi_app(self._moto, environ, buffered=True)
        except NotImplementedError:
            return not_implemented(request)
        except Exception as error:
            # A page of HTML, which the server would send, crashes clients or is repeated for minutes.
            log.exception("moto failed", method=request.method, path=request.path)
            return failed(request, error)
        response = Response(int(status.split()[0]), b"".join(chunks), tuple(headers))
        is_page = response.header("content-type").startswith("text/html") and response.body.startswith(b"<!doctype")
        return not_implemented(request) if response.status == 404 and is_page else response


def parse(environ: Environ, body: bytes, *, caller: identity.Caller | None = None) -> tuple[Request, identity.Caller]:
    """The request and its caller from a WSGI environ; a `caller` is taken as it is."""
    query = environ.get("QUERY_STRING", "")
    headers = {
        name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name.startswith("HTTP_")
    }
    headers.pop("x-moto-account-id", None)
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    caller = caller or identity.identify(headers, query)
    raw_path = str(environ.get("REQUEST_URI") or environ.get("PATH_INFO", "/")).split("?", 1)[0]
    request = Request(
        account=caller.account,
        region=caller.region,
        service=caller.service,
        principal_arn=caller.principal_arn,
        method=environ["REQUEST_METHOD"],
        path=unquote(raw_path),
        raw_path=raw_path,
        query=parse_qs(query, keep_blank_values=True),
        headers=headers,
        body=body,
        raw_query=query,
    )
    return request, caller


def _waits(request: Request) -> bool:
    """Whether moto sleeps while it answers (SQS long polling), which must not stop other requests."""
    return request.service == "sqs" and (
        request.headers.get("x-amz-target", "").endswith("ReceiveMessage") or b"Action=ReceiveMessage" in request.body
    )


class _CutOff(Exception):
    """A body that ends before its announced length."""


def _read_body(environ: Environ) -> bytes | None:
    """The whole body; None where it is larger than allowed. Raises _CutOff where it ends too early."""
    stream = environ["wsgi.input"]
    try:
        if environ.get("wsgi.input_terminated"):
            body = bytes(stream.read(MAX_BODY + 1))
            return None if len(body) > MAX_BODY else body
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > MAX_BODY:
            return None
        body = bytes(stream.read(length))
    except OSError as error:
        raise _CutOff from error
    if len(body) < length:
        raise _CutOff
    return body


def _send(response: Response, start_response: StartResponse) -> Iterable[bytes]:
    headers = [(name, value) for name, value in response.headers if name.lower() != "content-length"]
    # The answer to HEAD keeps the length of the body that GET would send.
    length = response.header("Content-Length") if not response.body else ""
    headers.append(("Content-Length", length or str(len(response.body))))
    start_response(f"{response.status} {_REASONS.get(response.status, 'Status')}", headers)
    return [response.body]


_REASONS = {200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 400: "Bad Request", 404: "Not Found"}
