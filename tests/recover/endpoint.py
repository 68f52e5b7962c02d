"""A proxy before the embedded AWS that holds or refuses calls, so that a test can kill Terraform at a known moment."""

from __future__ import annotations

import http.client
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Action = Literal["pass", "hold", "refuse", "pass and hold"]
"""`hold` does not answer, `pass and hold` forwards the call and does not answer, `refuse` closes the connection.

What is held is not answered at all, unless the test lets it go on: then a call was slow, not lost.
"""


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    target: str  # of JSON services: "AmazonSSM.PutParameter"
    body: bytes


@dataclass
class Endpoint:
    """`rule` decides about each call; `reached` is set by the first call that is not just passed on."""

    real: str
    rule: Callable[[Call], Action] = lambda _: "pass"
    url: str = ""
    reached: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    goes_on: bool = False
    forwarding: list[str] = field(default_factory=list)
    """Paths of the calls that the server is working on."""

    def follow(self, rule: Callable[[Call], Action]) -> None:
        """Forget the calls so far and follow another rule."""
        self.over.set()
        self.rule, self.goes_on = rule, False
        self.reached, self.over = threading.Event(), threading.Event()

    def hold_all(self) -> None:
        """Hold every further call, and wait until the server has answered those before."""
        self.rule = lambda _: "hold"
        while self.forwarding:
            time.sleep(0.02)

    def let_go(self, *, answered: bool) -> None:
        """End the holding: held calls are answered as the server answers them, or lost; later ones are passed on."""
        self.rule, self.goes_on = lambda _: "pass", answered
        self.over.set()

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        parts = urlsplit(self.real)
        self.forwarding.append(path)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        try:
            # The same headers, including Host, because they are signed.
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            content = answer.read()
            if path.startswith("/_groundwork/"):  # the server names its address, where `gw` would go on
                content = content.replace(self.real.encode(), self.url.encode())
            return answer.status, answer.getheaders(), content
        finally:
            connection.close()
            self.forwarding.remove(path)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Who asked may have been killed: nobody reads its answer."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def between(real: str) -> Iterator[Endpoint]:
    """An endpoint in front of the real one."""
    endpoint = Endpoint(real)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self._body()
            call = Call(self.command, self.path, self.headers.get("X-Amz-Target", ""), body)
            action, reached, over = endpoint.rule(call), endpoint.reached, endpoint.over
            answer = self._forward(body) if action in {"pass", "pass and hold"} else None
            if action != "pass":
                reached.set()
            if action in {"hold", "pass and hold"}:
                over.wait(120)
            if action == "refuse" or (action != "pass" and not endpoint.goes_on):
                answer = None
            elif answer is None:
                answer = self._forward(body)
            if answer is None:
                self.close_connection = True
                self.connection.close()
                return
            status, headers, content = answer
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in {"transfer-encoding", "content-length", "connection"}:
                    self.send_header(name, value)
            length = {name.lower(): value for name, value in headers}.get("content-length")
            self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _any  # noqa: N815

        def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes] | None:
            """The answer; None where the server has been killed, so that this connection ends as its own would."""
            headers = {name: value for name, value in self.headers.items() if name.lower() != "transfer-encoding"}
            try:
                return endpoint.forward(self.command, self.path, headers, body)
            except (OSError, http.client.HTTPException):
                return None

        def _body(self) -> bytes:
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, *_: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield endpoint
    finally:
        endpoint.over.set()
        server.shutdown()
        server.server_close()
