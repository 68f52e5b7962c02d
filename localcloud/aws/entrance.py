"""Who may talk to the embedded AWS at all: programs of this machine that have the checkout's keys, and no web page.

A page in a browser can send requests to this port, under a name of its own that it points at 127.0.0.1 as well. It can
forge neither `Host` nor `Origin` nor `Sec-Fetch-Site` (Fetch standard, "forbidden request-header").
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from localcloud.aws import identity
from localcloud.aws.protocol_errors import refused
from localcloud.aws.routing import Request, Response, json_error

RESERVED = "/_groundwork/"
_LOOPBACK = re.compile(r"^(127(\.\d{1,3}){3}|([a-z0-9-]+\.)*localhost|\[::1\])(:\d+)?$", re.IGNORECASE)
_OBJECT = re.compile(r"^/[a-z0-9][a-z0-9.-]{2,62}/.")
_SAME_SITE = ("", "none", "same-origin")


class Entrance:
    """A part of the application: refuses what must not reach the parts and services behind it."""

    def answer(self, request: Request) -> Response | None:
        """The refusal; None for a request that may go on."""
        if problem := foreign(request):
            return json_error("Forbidden", problem, 403)
        if request.path.startswith(RESERVED):
            return None
        caller = identity.current()
        if not caller.signed:
            if _takes_a_token(request) or _reads_an_object(request):
                return None
            return refused(request, "MissingAuthenticationToken", "the request has no signature")
        if not caller.known:
            message = (
                f"the access key {caller.access_key} is not of this embedded AWS. The keys of the checkout are in "
                ".groundwork/aws/credentials, profile groundwork-laptop"
            )
            return refused(request, "InvalidClientTokenId", message)
        return None


def _takes_a_token(request: Request) -> bool:
    """Whether the token in the request is its credential, which STS checks."""
    return parse_qs(request.body.decode(errors="replace")).get("Action") == ["AssumeRoleWithWebIdentity"]


def _reads_an_object(request: Request) -> bool:
    """Whether S3 decides about the request by its bucket's policy, which may let everybody read."""
    metadata = request.path.startswith("/latest/")  # moto serves an instance's credentials there
    return request.method in ("GET", "HEAD") and not metadata and bool(_OBJECT.match(request.path))


def is_loopback_host(host: str) -> bool:
    """Whether a Host header names this machine: a web page that rebinds its own name to 127.0.0.1 does not pass."""
    return bool(_LOOPBACK.match(host))


def foreign(request: Request) -> str:
    """Why a request comes from a web page or another machine's name; "" where it does not."""
    host = request.headers.get("host", "")
    if not is_loopback_host(host):
        return f"the embedded AWS answers to 127.0.0.1 and localhost, not to {host!r}"
    origin = request.headers.get("origin", "")
    if origin and origin != f"http://{host}":
        return f"the embedded AWS answers no web page, and this is one of {origin!r}"
    if request.headers.get("sec-fetch-site", "") not in _SAME_SITE:
        return "the embedded AWS answers no web page"
    return ""
