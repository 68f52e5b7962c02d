"""Managed Grafana workspaces, which moto lacks."""

from __future__ import annotations

import secrets
import time
from typing import Any

from localcloud.aws import tagging
from localcloud.aws.routing import Request, Response, Route, json_response, requires

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


def list_workspaces(request: Request) -> Response:
    """ListWorkspaces."""
    return json_response({"workspaces": request.items("workspace")})


_of_workspace = requires(
    lambda request: request.store.get(f"workspace/{request.group('workspace')}"), "Workspace {workspace} does not exist"
)


@_of_workspace
def handle_workspace(request: Request, workspace: dict[str, Any]) -> Response:
    """DescribeWorkspace, UpdateWorkspace and DeleteWorkspace."""
    if request.method == "DELETE":
        del request.store[f"workspace/{workspace['id']}"]
        request.store.pop(f"configuration/{workspace['id']}", None)
        return json_response({"workspace": {**workspace, "status": "DELETING"}}, 202)
    if request.method == "PUT":
        _apply(workspace, request.json())
        workspace["modified"] = time.time()
    return json_response({"workspace": workspace})


@_of_workspace
def handle_configuration(request: Request, workspace: dict[str, Any]) -> Response:
    """DescribeWorkspaceConfiguration and UpdateWorkspaceConfiguration."""
    key = f"configuration/{workspace['id']}"
    if request.method == "PUT":
        body = request.json()
        request.store[key] = body["configuration"]
        workspace["grafanaVersion"] = body.get("grafanaVersion") or workspace["grafanaVersion"]
        return json_response({}, 202)
    return json_response({"configuration": request.store[key], "grafanaVersion": workspace["grafanaVersion"]})


@_of_workspace
def handle_tags(request: Request, workspace: dict[str, Any]) -> Response:
    """ListTagsForResource, TagResource and UntagResource; the ARN ends with the workspace's id."""
    return tagging.change(request, workspace["tags"])


def _apply(workspace: dict[str, Any], body: dict[str, Any]) -> None:
    workspace.update({_SETTINGS[key]: value for key, value in body.items() if key in _SETTINGS and value is not None})


ROUTES = (
    Route(SERVICE, "POST", "/workspaces", create),
    Route(SERVICE, "GET", "/workspaces", list_workspaces),
    Route(SERVICE, "*", WORKSPACE, handle_workspace),
    Route(SERVICE, "*", f"{WORKSPACE}/configuration", handle_configuration),
    Route(SERVICE, "*", "/tags/.+(?:/|%2F)(?P<workspace>g-[0-9a-f]+)", handle_tags),
)
