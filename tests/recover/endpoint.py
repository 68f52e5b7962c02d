"""A proxy before the embedded AWS that holds or refuses calls, so that a test can kill Terraform at a known moment."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Action = Literal["pass", "hold", "refuse", "pass and hold"]
"""`hold` never answers, `pass and hold` forwards the call and never answers, `refuse` closes the connection."""


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

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        parts = urlsplit(self.real)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        try:
            # The same headers, including Host, because they are signed.
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


@contextmanager
def between(real: str) -> Iterator[Endpoint]:
    """An endpoint in front of the real one."""
    endpoint = Endpoint(real)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self._body()
            call = Call(self.command, self.path, self.headers.get("X-Amz-Target", ""), body)
            action = endpoint.rule(call)
            if action != "pass":
                endpoint.reached.set()
            if action == "pass and hold":
                self._forward(body)
            if action in {"hold", "pass and hold"}:
                endpoint.over.wait(120)
            if action != "pass":
                self.close_connection = True
                self.connection.close()
                return
            status, headers, content = self._forward(body)
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

        def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "transfer-encoding"}
            return endpoint.forward(self.command, self.path, headers, body)

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

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield endpoint
    finally:
        endpoint.over.set()
        server.shutdown()
        server.server_close()
