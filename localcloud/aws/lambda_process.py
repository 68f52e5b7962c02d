"""One warm process of a function, driven through the Lambda Runtime API by AWS's own runtime client.

Source: AWS Lambda developer guide, "Lambda runtime API" (version 2018-06-01).
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, Any, cast

import psutil

from localcloud.aws.lambda_isolation import Start
from localcloud.aws.lambda_output import FunctionOutput

_API = "/2018-06-01/runtime"
_MAX_ANSWER = 6_291_556  # bytes; source: Lambda quotas, and the message below, which Lambda sends
_INIT_SECONDS = 30.0  # AWS allows 10; a laptop that also runs Terraform is slower


@dataclass(frozen=True)
class InvocationResult:
    """The result of an invocation: `error` is "" or the X-Amz-Function-Error; `ended`: the process has ended."""

    payload: bytes
    error: str = ""
    ended: bool = False


@dataclass
class _Turn:
    """One event while the process works on it."""

    request_id: str
    event: bytes
    deadline_ms: int
    arn: str
    context: str = ""
    answered: threading.Event = field(default_factory=threading.Event)
    outcome: InvocationResult | None = None

    def settle(self, outcome: InvocationResult) -> None:
        if self.outcome is None:
            self.outcome = outcome
            self.answered.set()


class FunctionProcess:
    """A started function. It gets one event at a time; what it prints is collected until `take_output`."""

    def __init__(
        self, start: Start, environment: Mapping[str, str], *, on_ready: Callable[[], None] = lambda: None
    ) -> None:
        self.last_used = time.monotonic()
        self._turns: queue.Queue[_Turn | None] = queue.Queue()
        self._turn: _Turn | None = None
        self._ready = threading.Event()
        self._on_ready = on_ready
        self._init_error: bytes | None = None
        self._api = self._listen()
        self._process = start({**environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._api.server_address[1]}"})
        self._output = FunctionOutput(cast("IO[bytes]", self._process.stdout))
        self._follower = threading.Thread(target=self._follow, daemon=True)
        self._follower.start()

    @property
    def alive(self) -> bool:
        """Whether the process can take another event."""
        return self._process.poll() is None and self._init_error is None

    @property
    def ready(self) -> bool:
        """Whether the function has initialised."""
        return self._ready.is_set()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def invoke(self, event: bytes, *, request_id: str, arn: str, timeout: float, context: str = "") -> InvocationResult:
        """Send one event and wait for its outcome, at most `timeout` seconds after the function has initialised."""
        self._await_init()
        deadline = time.time() + timeout
        turn = _Turn(request_id=request_id, event=event, deadline_ms=int(deadline * 1000), arn=arn, context=context)
        self._turn = turn
        if self._init_error is not None:
            turn.settle(InvocationResult(self._init_error, error="Unhandled", ended=True))
        elif not self.alive:
            turn.settle(self._exited(request_id))
        self._turns.put(turn)
        if not turn.answered.wait(max(0.0, deadline - time.time())):
            message = f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds"
            turn.settle(InvocationResult(_error("Sandbox.Timedout", message), error="Unhandled", ended=True))
        self._turn = None
        self.last_used = time.monotonic()
        outcome = turn.outcome or self._exited(request_id)
        if outcome.ended:
            self.end()
        return outcome

    def take_output(self) -> list[tuple[int, str]]:
        """What it printed since the last call: (milliseconds since the epoch, line)."""
        return self._output.take()

    def memory_mb(self) -> int:
        """Resident memory in MB; 0 once the process has ended."""
        try:
            return int(self._function.memory_info().rss / 1024 / 1024)
        except psutil.Error:
            return 0

    @cached_property
    def _function(self) -> psutil.Process:
        """The process that runs the handler: in a room of its own it is the only child of the one that was started."""
        started = psutil.Process(self.pid)
        apart = any(argument.endswith("lambda_isolated.py") for argument in started.cmdline())
        return next(iter(started.children()), started) if apart else started

    def end(self) -> None:
        """Kill the process, which has nothing to save, and close its API."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._turns.put(None)
        threading.Thread(target=self._api.shutdown, daemon=True).start()
        self._api.server_close()

    def _await_init(self) -> None:
        end = time.monotonic() + _INIT_SECONDS
        while not self._ready.wait(0.02):
            if self._init_error is not None or self._process.poll() is not None:
                self._follower.join(1)
                return
            if time.monotonic() > end:
                self._init_error = _error("Sandbox.Timedout", f"init did not end within {_INIT_SECONDS:.0f} seconds")

    def _exited(self, request_id: str) -> InvocationResult:
        message = f"RequestId: {request_id} Error: Runtime exited with error: exit status {self._process.poll()}"
        return InvocationResult(_error("Runtime.ExitError", message), error="Unhandled", ended=True)

    def _follow(self) -> None:
        self._output.follow()
        turn = self._turn
        if turn is not None:
            self._process.wait()
            turn.settle(self._exited(turn.request_id))

    def _listen(self) -> ThreadingHTTPServer:
        process = self

        class Api(BaseHTTPRequestHandler):
            """What the runtime client calls."""

            protocol_version = "HTTP/1.1"

            def log_message(self, *_args: Any) -> None:
                pass

            def do_GET(self) -> None:
                process._next(self)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                    body = _read_chunks(self)
                process._posted(self.path, body)
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

        server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return server

    def _next(self, handler: BaseHTTPRequestHandler) -> None:
        if not self._ready.is_set():
            self._ready.set()
            self._on_ready()
        turn = self._turns.get()
        if turn is None:
            handler.close_connection = True
            return
        handler.send_response(200)
        for name, value in {
            "Lambda-Runtime-Aws-Request-Id": turn.request_id,
            "Lambda-Runtime-Deadline-Ms": str(turn.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": turn.arn,
            "Lambda-Runtime-Client-Context": turn.context,
            "Content-Type": "application/json",
            "Content-Length": str(len(turn.event)),
        }.items():
            if value:
                handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(turn.event)

    def _posted(self, path: str, body: bytes) -> None:
        if path == f"{_API}/init/error":
            self._init_error = body
            return
        turn = self._turn
        _, _, rest = path.partition("/invocation/")
        request_id, _, kind = rest.partition("/")
        if turn is not None and turn.request_id == request_id:
            if len(body) > _MAX_ANSWER:
                limit = f"Response payload size exceeded maximum allowed payload size ({_MAX_ANSWER} bytes)."
                body, kind = _error("Function.ResponseSizeTooLarge", limit), "error"
            turn.settle(InvocationResult(body, error="Unhandled" if kind == "error" else ""))


def _read_chunks(handler: BaseHTTPRequestHandler) -> bytes:
    body = b""
    while size := int(handler.rfile.readline().split(b";")[0].strip() or b"0", 16):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    return body


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
