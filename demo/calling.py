"""Calls an environment's API, with the outputs of its api stack."""

from __future__ import annotations

from demo import invoke
from demo.invoke import Answer
from groundwork.errors import UsageError
from groundwork.workspace import Workspace
from stacks.platform import values_of
from stacks.values import Names


def populate(
    workspace: Workspace, environment: str, *, records: int, idempotency_key: str = "", token: str = ""
) -> Answer:
    """POST /populate of an environment; raises UsageError without the `token` that the API needs."""
    if environment not in workspace.environments:
        known = ", ".join(sorted(workspace.environments))
        raise UsageError(f"{environment!r} is not an environment (known: {known})")
    values = values_of(workspace.environments[environment])
    stack = Names(values).stack("api")
    headers = {"idempotency-key": idempotency_key} if idempotency_key else {}
    match values.api.authorisation:
        case "jwt":
            headers["authorization"] = f"Bearer {_require(token, 'a bearer token')}"
        case "api_key":
            headers["x-api-key"] = _require(token, "an API key")
    return invoke.invoke(
        invoke.url_of(workspace.store(stack).outputs(), stack),
        body={"records": records},
        region=values.region,
        gateway=workspace.endpoint if values.target == "laptop" else None,
        sign=values.api.authorisation == "iam",
        headers=headers,
    )


def _require(token: str, what: str) -> str:
    if not token:
        raise UsageError(f"this API needs {what}", fix="pass --token or set GROUNDWORK_TOKEN")
    return token
