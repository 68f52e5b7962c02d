"""The requests that the READMEs of the services' predecessors show, and what is answered."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from groundwork.errors import LocalCloudError

_SECONDS = 30  # that the node may take to send what comes to a port to pods that are ready


@dataclass(frozen=True)
class Request:
    """One request to a service, and the statuses that are right."""

    service: str
    method: str
    path: str
    body: Any = None
    expected: tuple[int, ...] = (200,)

    def __str__(self) -> str:
        """As it is printed."""
        return f"{self.method} {self.path}"


REQUESTS = (
    Request("market", "POST", "/populate", expected=(200, 201)),
    Request("market", "GET", "/coins"),
    Request("users", "GET", "/users"),
    Request(
        "users", "POST", "/users/", {"name": "Ada", "username": "ada", "email": "ada@example.com"},
        expected=(200, 201, 409),
    ),
    Request("users", "GET", "/users/"),
    Request("users", "GET", "/health"),
    Request("ledger", "GET", "/ping"),
    Request(
        "ledger", "POST", "/v1/transactions",
        {"id": "laptop-1", "lines": [{"account": "alice", "delta": -100}, {"account": "bob", "delta": 100}]},
        expected=(201, 202),
    ),
    Request(
        "ledger", "POST", "/v1/accounts/_search", {"query": {"must": {"fields": [{"id": {"eq": "bob"}}]}}},
    ),
    Request("transactions", "GET", "/transactions/30"),
)  # fmt: skip


def send(addresses: Mapping[str, str], tokens: Mapping[str, str]) -> Iterator[tuple[Request, httpx.Response]]:
    """Each request and its answer. `addresses` and `tokens` are those of the services. Raises LocalCloudError."""
    for address in addresses.values():
        _await(address)
    for request in REQUESTS:
        token = tokens.get(request.service)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            answer = httpx.request(
                request.method, addresses[request.service] + request.path, json=request.body, headers=headers,
                timeout=30, follow_redirects=True, trust_env=False,
            )  # fmt: skip
        except httpx.HTTPError as error:
            problem = f"{request.service} does not answer {request}: {error}"
            raise LocalCloudError(problem, fix="gw local status") from error
        if answer.status_code not in request.expected:
            raise LocalCloudError(
                f"{request.service} answers {request} with {answer.status_code}: {answer.text[:300]}",
                fix="see the log of its pods",
            )
        yield request, answer


def _await(address: str) -> None:
    """Return as soon as a service answers at all, or in the end without: then a request shows the error."""
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        with suppress(httpx.HTTPError):
            httpx.get(f"{address}/livez", timeout=5, trust_env=False)
            return
        time.sleep(0.3)
