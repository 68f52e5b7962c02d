"""What a load test sends the users: new ones, and the first page of all."""

from __future__ import annotations

from servicekit.load import Request, Traffic


def _add(number: int) -> Request:
    body = {"name": f"Ann {number}", "username": f"ann{number}", "email": f"ann{number}@example.com"}
    return Request("POST", "/users", body)


TRAFFIC = (Traffic("add", _add), Traffic.same("page of 20", "GET", "/users?limit=20"))
