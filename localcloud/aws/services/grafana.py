"""Managed Grafana workspaces: moto has no model of them."""

from __future__ import annotations

import secrets
import time
from typing import Any

from localcloud.aws.routing import Request, Response, Route, json_error, json_response

SERVICE = "grafana"
WORKSPACE = "/workspaces/(?P<workspace>[^/]+)"
# Request key → answer key, for what a request may set and change.
_SETTINGS = {
    "accountAccessType": "accountAccessType",
    "permissionType": "permissionType",
    "workspaceDataSources": "dataSources",
    "workspaceDescription": "description",
    "workspaceName": "name",
    "workspaceNotificationDestinations": "notificationDestinations",
    "workspaceOrganizationalUnits": "organizationalUnits",
    "workspaceRoleArn": "workspaceRoleArn",
    "stackSetName": "stackSetName",
    "networkAccessControl": "networkAccessControl",
    "vpcConfiguration": "vpcConfiguration",
}
DEFAULT_VERSION = "10.4"
DEFAULT_CONFIGURATION = '{"plugins":{"pluginAdminEnabled":false}}'


def install() -> None:
    """Routes only."""


def create(request: Request) -> Response:
    """CreateWorkspace."""
    body = request.json()
    identifier = f"g-{secrets.token_hex(5)}"
    now = time.time()
    workspace: dict[str, Any] = {
        "id": identifier,
        "status": "ACTIVE",
        "endpoint": f"{identifier}.grafana-workspace.{request.region}.amazonaws.com",
        "grafanaVersion": body.get("grafanaVersion") or DEFAULT_VERSION,
        "created": now,
        "modified": now,
        "authentication": {
            "providers": body["authenticationProviders"],
            "samlConfigurationStatus": "NOT_CONFIGURED",
        },
        "dataSources": [],
        "notificationDestinations": [],
        "tags": body.get("tags") or {},
    }
    _apply(workspace, body)
    request.store[f"workspace/{identifier}"] = workspace
    request.store[f"configuration/{identifier}"] = body.get("configuration") or DEFAULT_CONFIGURATION
    return json_response({"workspace": workspace}, 202)


def list_all(request: Request) -> Response:
    """ListWorkspaces."""
    found = [each for key, each in request.store.items() if key.startswith("workspace/")]
    return json_response({"workspaces": found})


def one(request: Request) -> Response:
    """DescribeWorkspace, UpdateWorkspace and DeleteWorkspace."""
    workspace = _workspace(request)
    if workspace is None:
        return _missing(request)
    if request.method == "DELETE":
        del request.store[f"workspace/{workspace['id']}"]
        request.store.pop(f"configuration/{workspace['id']}", None)
        return json_response({"workspace": {**workspace, "status": "DELETING"}}, 202)
    if request.method == "PUT":
        _apply(workspace, request.json())
        workspace["modified"] = time.time()
    return json_response({"workspace": workspace})


def configuration(request: Request) -> Response:
    """DescribeWorkspaceConfiguration and UpdateWorkspaceConfiguration."""
    workspace = _workspace(request)
    if workspace is None:
        return _missing(request)
    key = f"configuration/{workspace['id']}"
    if request.method == "PUT":
        body = request.json()
        request.store[key] = body["configuration"]
        workspace["grafanaVersion"] = body.get("grafanaVersion") or workspace["grafanaVersion"]
        return json_response({}, 202)
    return json_response({"configuration": request.store[key], "grafanaVersion": workspace["grafanaVersion"]})


def tags(request: Request) -> Response:
    """ListTagsForResource, TagResource and UntagResource; the ARN ends with the workspace's id."""
    workspace = _workspace(request)
    if workspace is None:
        return _missing(request)
    if request.method == "POST":
        workspace["tags"].update(request.json()["tags"])
    elif request.method == "DELETE":
        for key in request.query.get("tagKeys", []):
            workspace["tags"].pop(key, None)
    return json_response({"tags": workspace["tags"]})


def _apply(workspace: dict[str, Any], body: dict[str, Any]) -> None:
    workspace.update({_SETTINGS[key]: value for key, value in body.items() if key in _SETTINGS and value is not None})


def _workspace(request: Request) -> dict[str, Any] | None:
    workspace: dict[str, Any] | None = request.store.get(f"workspace/{request.group('workspace')}")
    return workspace


def _missing(request: Request) -> Response:
    return json_error("ResourceNotFoundException", f"Workspace {request.group('workspace')} does not exist", 404)


ROUTES = (
    Route(SERVICE, "POST", "/workspaces", create),
    Route(SERVICE, "GET", "/workspaces", list_all),
    Route(SERVICE, "*", WORKSPACE, one),
    Route(SERVICE, "*", f"{WORKSPACE}/configuration", configuration),
    Route(SERVICE, "*", "/tags/.+(?:/|%2F)(?P<workspace>g-[0-9a-f]+)", tags),
)
