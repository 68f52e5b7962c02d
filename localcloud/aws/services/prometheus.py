"""Managed Prometheus: the alert manager of a workspace."""

from __future__ import annotations

import time

from localcloud.aws.routing import Request, Response, Route, json_error, json_response

SERVICE = "aps"
WORKSPACE = "/workspaces/(?P<workspace>[^/]+)"


def install() -> None:
    """Routes only."""


def definition(request: Request) -> Response:
    """CreateAlertManagerDefinition, PutAlertManagerDefinition, DescribeAlertManagerDefinition and its deletion."""
    from moto.amp.models import amp_backends

    workspace = request.group("workspace")
    if workspace not in amp_backends[request.account][request.region].workspaces:
        return _missing(f"Workspace not found: {workspace}")
    key = _key(workspace)
    known = request.store.get(key)
    if request.method in ("POST", "PUT"):
        now = time.time()
        request.store[key] = {
            "data": request.json()["data"],
            "status": {"statusCode": "ACTIVE"},
            "createdAt": known["createdAt"] if known else now,
            "modifiedAt": now,
        }
        return json_response({"status": {"statusCode": "ACTIVE"}}, 202)
    if known is None:
        return _missing(f"Alert manager definition not found in {workspace}")
    if request.method == "DELETE":
        del request.store[key]
        return json_response({}, 202)
    return json_response({"alertManagerDefinition": known})


def forget_workspace(request: Request) -> Response | None:
    """DeleteWorkspace: the definition goes with it; the workspace itself is moto's."""
    request.store.pop(_key(request.group("workspace")), None)
    return None


def _key(workspace: str) -> str:
    return f"alertmanager/{workspace}"


def _missing(message: str) -> Response:
    return json_error("ResourceNotFoundException", message, 404)


ROUTES = (
    Route(SERVICE, "*", f"{WORKSPACE}/alertmanager/definition", definition),
    Route(SERVICE, "DELETE", WORKSPACE, forget_workspace),
)
