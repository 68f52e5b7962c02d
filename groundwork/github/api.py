"""A client of GitHub's REST API: typed errors, pagination, and retries."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from groundwork.errors import GitHubError, UsageError

PUBLIC = "https://api.github.com"
VERSION = "2022-11-28"  # GitHub REST API, "API Versions"
ATTEMPTS = 5
LONGEST_WAIT = 60.0  # seconds; a rate limit that lasts longer is an error
_REPEATABLE = ("GET", "HEAD", "PUT", "PATCH", "DELETE")  # a POST with a 5xx may still have been executed


class _Retry(Exception):
    """An answer that is worth another attempt after `seconds`; with None the client chooses the time."""

    def __init__(self, error: GitHubError, seconds: float | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.seconds = seconds


@dataclass(frozen=True)
class GitHub:
    """One repository (`owner/name`), accessed with one token, which is never shown.

    Paths that begin with `/` are absolute, all others are relative to the repository: `actions/runs/12`. Every call
    raises GitHubError with method, path, GitHub's own message and the missing permission.
    """

    repository: str
    token: str = field(repr=False)
    url: str = PUBLIC
    transport: httpx.BaseTransport | None = field(default=None, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    @classmethod
    def of(cls, environ: Mapping[str, str], *, repository: str = "") -> GitHub:
        """A client from GITHUB_TOKEN, GITHUB_REPOSITORY and GITHUB_API_URL, as Actions sets them; raises UsageError."""
        named = repository or environ.get("GITHUB_REPOSITORY", "")
        if named.count("/") != 1:
            raise UsageError(
                f"GITHUB_REPOSITORY is {named!r}, not owner/name", fix="export GITHUB_REPOSITORY=owner/name"
            )
        token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN", "")
        if not token:
            raise UsageError(
                "GITHUB_TOKEN is not set, so GitHub cannot be queried",
                fix="in a workflow: `env: {GITHUB_TOKEN: ${{ github.token }}}`; elsewhere: export GITHUB_TOKEN=…",
            )
        return cls(named, token, environ.get("GITHUB_API_URL") or PUBLIC)

    @property
    def owner(self) -> str:
        """The account that holds the repository."""
        return self.repository.partition("/")[0]

    def get(self, path: str, *, needs: str = "", **query: str | int) -> Any:
        """GitHub's answer for a path. `needs` is the required permission (`actions: read`), for the error message."""
        return _body(self._call("GET", path, query=query, needs=needs))

    def find(self, path: str, *, needs: str = "", **query: str | int) -> Any | None:
        """Like `get`, but None where GitHub answers 404."""
        answer = self._call("GET", path, query=query, needs=needs, absent=True)
        return None if answer.status_code == httpx.codes.NOT_FOUND else _body(answer)

    def pages(self, path: str, *, key: str = "", needs: str = "", **query: str | int) -> Iterator[Any]:
        """Every item of a list over all its pages; `key` names the list where the answer is an object."""
        answer = self._call("GET", path, query={"per_page": 100, **query}, needs=needs)
        while True:
            body = _body(answer)
            yield from body[key] if key else body
            following = answer.links.get("next", {}).get("url")
            if not following:
                return
            self._require_same_server(following)
            answer = self._call("GET", following, needs=needs)

    def send(self, method: str, path: str, body: Any = None, *, needs: str = "") -> Any:
        """Change something; returns GitHub's answer, None for an empty one."""
        return _body(self._call(method, path, body=body, needs=needs))

    def redirect(self, path: str, *, needs: str = "") -> str:
        """Where GitHub sends a caller on to, with HTTPS; the token is not for that server."""
        answer = self._call("GET", path, needs=needs, redirects=True)
        where = answer.headers.get("location", "")
        if not where.startswith("https://"):
            raise GitHubError(f"GET {path}: {answer.status_code} and no address with HTTPS", fix="check GITHUB_API_URL")
        return str(where)

    @cached_property
    def _client(self) -> httpx.Client:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": VERSION,
        }
        return httpx.Client(transport=self.transport, timeout=30.0, headers=headers, verify=_tls())

    # ── one call ───────────────────────────────────────────────────────────────────────────────────
    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Any = None,
        needs: str = "",
        absent: bool = False,
        redirects: bool = False,
    ) -> httpx.Response:
        retrying = Retrying(
            retry=retry_if_exception_type(_Retry),
            stop=stop_after_attempt(ATTEMPTS),
            wait=_wait,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            for attempt in retrying:
                with attempt:
                    return self._attempt(
                        method, path, query=query, body=body, needs=needs, absent=absent, redirects=redirects
                    )
        except _Retry as last:
            raise last.error from last
        raise AssertionError("tenacity returns an answer or raises")

    def _attempt(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None,
        body: Any,
        needs: str,
        absent: bool,
        redirects: bool,
    ) -> httpx.Response:
        url = self._url(path)
        shown = f"{method} {url.removeprefix(self.url.rstrip('/'))}"
        try:
            answer = self._client.request(method, url, params=query or None, json=body)
        except httpx.HTTPError as failure:
            error = GitHubError(
                f"{shown}: no answer from {self.url} ({type(failure).__name__})",
                fix="check https://www.githubstatus.com and GITHUB_API_URL, then run it again",
            )
            if method in _REPEATABLE or isinstance(failure, httpx.ConnectError):
                raise _Retry(error, None) from failure
            raise error from failure
        is_absent = absent and answer.status_code == httpx.codes.NOT_FOUND
        if answer.is_success or is_absent or (redirects and answer.has_redirect_location):
            return answer
        error = _error(shown, answer, needs)
        if _limited(answer) or (answer.is_server_error and method in _REPEATABLE):
            raise _Retry(error, _retry_after(answer))
        raise error

    def _url(self, path: str) -> str:
        base = self.url.rstrip("/")
        if path.startswith(("http://", "https://")):
            return path
        if path.startswith("/"):
            return base + path
        return f"{base}/repos/{self.repository}/{path}".rstrip("/")

    def _require_same_server(self, following: str) -> None:
        """The token must not go to another server, whatever a Link header says."""
        if httpx.URL(following).netloc != httpx.URL(self.url).netloc:
            raise GitHubError(f"{self.url} names another server, {httpx.URL(following).host}, for the next page")


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Cached, because reading the certificates takes longer than a call."""
    return httpx.create_ssl_context()


def _body(answer: httpx.Response) -> Any:
    if not answer.content:
        return None
    try:
        return answer.json()
    except ValueError as error:
        raise GitHubError(
            f"{answer.request.method} {answer.request.url.path}: the answer is not JSON", fix="check GITHUB_API_URL"
        ) from error


def _limited(answer: httpx.Response) -> bool:
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return True
    return answer.status_code == httpx.codes.FORBIDDEN and (
        "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"
    )


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds to wait according to the server; None where it names no time."""
    after = answer.headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    reset = answer.headers.get("x-ratelimit-reset", "")
    if reset.isdigit() and answer.headers.get("x-ratelimit-remaining") == "0":
        return max(0.0, float(reset) - time.time())
    return None


def _wait(state: RetryCallState) -> float:
    retry = state.outcome.exception() if state.outcome else None
    seconds = retry.seconds if isinstance(retry, _Retry) else None
    if seconds is not None and seconds > LONGEST_WAIT and isinstance(retry, _Retry):
        raise GitHubError(
            retry.error.message, fix=f"GitHub takes calls of this token again in {seconds:.0f} s"
        ) from retry
    return seconds if seconds is not None else float(2 ** (state.attempt_number - 1))


def _error(shown: str, answer: httpx.Response, needs: str) -> GitHubError:
    try:
        body = answer.json()
        message = str(body.get("message", "")) if isinstance(body, dict) else ""
        details = body.get("errors", ()) if isinstance(body, dict) else ()
    except ValueError:
        message, details = answer.text[:200], ()
    listed = "; ".join(
        str(detail.get("message", detail)) if isinstance(detail, dict) else str(detail) for detail in details
    )
    text = f"{shown}: {answer.status_code} {message}" + (f" ({listed})" if listed else "")
    return GitHubError(text, fix=_fix(answer, needs))


def _fix(answer: httpx.Response, needs: str) -> str:
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        return "the token is wrong or its job has ended; GITHUB_TOKEN is valid for one job only"
    if answer.status_code not in (httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND) or _limited(answer):
        return ""
    # GitHub names what a token lacks: "actions=read", "issues=write; pull_requests=write".
    accepted = answer.headers.get("x-accepted-github-permissions", "")
    named = accepted.replace("=", ": ").replace("_", "-").replace(";", " or") if accepted else needs
    if not named:
        return ""
    if named.startswith(("administration", "environments", "organization", "members")):
        return f"a token of an administrator with `{named}`; the token of a workflow never has it"
    absent = "either it does not exist, or " if answer.status_code == httpx.codes.NOT_FOUND else ""
    return f"{absent}the token may not see it: the job needs `permissions: {{{named}}}`"
