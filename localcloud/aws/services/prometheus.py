"""Managed Prometheus: the alert manager of a workspace, which moto lacks."""

from __future__ import annotations

import time

from localcloud.aws.routing import Request, Response, Route, json_response, not_found

SERVICE = "aps"
WORKSPACE = "/workspaces/(?P<workspace>[^/]+)"


def handle_definition(request: Request) -> Response:
    """CreateAlertManagerDefinition, and Put-, Describe- and DeleteAlertManagerDefinition."""
    from moto.amp.models import amp_backends

    workspace = request.group("workspace")
    if workspace not in amp_backends[request.account][request.region].workspaces:
        return not_found(f"Workspace not found: {workspace}")
    definition = request.store.get(_key(workspace))
    if request.method in ("POST", "PUT"):
        now = time.time()
        request.store[_key(workspace)] = {
            "data": request.json()["data"],
            "status": {"statusCode": "ACTIVE"},
            "createdAt": definition["createdAt"] if definition else now,
            "modifiedAt": now,
        }
        return json_response({"status": {"statusCode": "ACTIVE"}}, 202)
    if definition is None:
        return not_found(f"Alert manager definition not found in {workspace}")
    if request.method == "DELETE":
        del request.store[_key(workspace)]
        return json_response({}, 202)
    return json_response({"alertManagerDefinition": definition})


def forget_workspace(request: Request) -> None:
    """DeleteWorkspace: the definition goes with it; moto deletes the workspace."""
    request.store.pop(_key(request.group("workspace")), None)


def _key(workspace: str) -> str:
    return f"alertmanager/{workspace}"


ROUTES = (
    Route(SERVICE, "*", f"{WORKSPACE}/alertmanager/definition", handle_definition),
    Route(SERVICE, "DELETE", WORKSPACE, forget_workspace),
)
