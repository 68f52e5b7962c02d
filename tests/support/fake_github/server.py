"""The HTTP server on a loopback port: tokens, pages, and errors in GitHub's form."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.support.fake_github import conversation_routes, repository_routes, routing, settings_routes
from tests.support.fake_github.oidc import claims
from tests.support.fake_github.routing import Call, Caller, Created, Paged
from tests.support.fake_github.state import Refusal

_ROUTES = (conversation_routes, repository_routes, settings_routes)  # importing them registers their routes


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing: tests read `requests`."""


class Server:
    """Answers for a FakeGitHub. `requests` lists method and path of every call; `failures` are answered first."""

    def __init__(self, fake: Any) -> None:
        self._fake = fake
        self._map = routing.url_map()
        self.requests: list[str] = []
        self.failures: list[tuple[int, dict[str, str]]] = []
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, self._wsgi, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @Request.application
    def _wsgi_request(self, request: Request) -> Response:
        with self._fake.lock:
            self.requests.append(f"{request.method} {request.path}")
            try:
                if self.failures:
                    status, headers = self.failures.pop(0)
                    return _json({"message": "a failure that the test wants"}, status, headers)
                return self._answer(request)
            except Refusal as refused:
                return _refused(refused)
            except HTTPException:
                return _refused(Refusal(404, "Not Found"))

    def _wsgi(self, environ: Any, start_response: Any) -> Any:
        return self._wsgi_request(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.path == "/_actions/.well-known/jwks":
            return _json(self._fake.signer.jwks(), 200)
        token = request.headers.get("Authorization", "").partition(" ")[2]
        if request.path.startswith("/_actions/token/"):
            return self._identity(request, token)
        if request.path.startswith("/_fake/"):
            return self._control(request, token)
        endpoint, path = self._map.bind_to_environ(request.environ).match()
        body = json.loads(request.get_data() or b"null")
        call = Call(self._fake.state, self._caller(token), request.args, body, self._fake)
        return self._shown(request, _without(self._fake.deleted, routing.answer(endpoint, call, dict(path))))

    def _control(self, request: Request, token: str) -> Response:
        """`/_fake/runs/RUN/JOB?matrix key=value`: a job's variables, for a runner in another process.

        `waiting` is true while the job may not start.
        """
        if token != self._fake.control_token:
            raise Refusal(401, "Bad credentials")
        run_id, _, job = request.path.removeprefix("/_fake/runs/").partition("/")
        run, matrix = self._fake.runs[int(run_id)], dict(request.args)
        environ = self._fake.job_environment(run, job, matrix=matrix)
        variables = self._fake.variables(run, job, matrix=matrix)
        waiting = self._fake.job(run, job, matrix=matrix).waiting
        return _json({"waiting": waiting, "environment": environ, "variables": variables}, 200)

    def _caller(self, token: str) -> Caller:
        if token in self._fake.people:
            return Caller(*self._fake.people[token][:1], admin=self._fake.people[token][1])
        run_job = self._fake.job_of(token)
        if run_job is None or not run_job.runs:
            # The token of a job works neither before its approval nor after its end.
            raise Refusal(401, "Bad credentials")
        self._fake.mark_running(run_job)
        return Caller("github-actions[bot]", run_job)

    def _identity(self, request: Request, token: str) -> Response:
        run_job = self._fake.job_of_oidc(token)
        if run_job is None or not run_job.runs or not run_job.signs_in:
            raise Refusal(403, "Unable to get an OIDC token: this job has none to ask for (id-token, approval, fork)")
        self._fake.mark_running(run_job)
        signed = self._fake.signer.sign(claims(self._fake.state, run_job, request.args.get("audience", "")))
        return _json({"count": len(signed), "value": signed}, 200)

    def _shown(self, request: Request, value: Any) -> Response:
        if isinstance(value, Created):
            return _json(value.value if value.value is not None else {}, 201)
        if value is None:
            return Response(status=204)
        if not isinstance(value, Paged):
            return _json(value, 200)
        size, number = int(request.args.get("per_page", 30)), int(request.args.get("page", 1))
        part = value.items[(number - 1) * size : number * size]
        headers = {}
        if number * size < len(value.items):
            query = urlencode({**request.args, "page": number + 1})
            headers["Link"] = f'<{self.url}{request.path}?{query}>; rel="next"'
        return _json({"total_count": len(value.items), value.key: part} if value.key else part, 200, headers)


def _without(deleted: Collection[str], value: Any) -> Any:
    """An answer in which the accounts that were deleted are null."""
    if isinstance(value, Paged):
        return replace(value, items=[_without(deleted, item) for item in value.items])
    if isinstance(value, list):
        return [_without(deleted, item) for item in value]
    if isinstance(value, dict):
        return None if value.get("login") in deleted else {key: _without(deleted, value[key]) for key in value}
    return value


def _json(value: Any, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(value), status=status, headers=headers, content_type="application/json; charset=utf-8")


def _refused(refused: Refusal) -> Response:
    body: dict[str, Any] = {
        "message": refused.message,
        "documentation_url": "https://docs.github.com/rest",
        "status": str(refused.status),
    }
    if refused.errors:
        body["errors"] = refused.errors
    return _json(
        body, refused.status, {"X-Accepted-GitHub-Permissions": refused.accepted} if refused.accepted else None
    )
