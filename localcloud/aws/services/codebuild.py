"""CodeBuild: projects are changed, are deleted by ARN too, and have webhooks, which moto lacks."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import Method, add, wrap
from localcloud.aws.routing import Request, Response, Route, json_error, json_response, not_found
from localcloud.aws.writes import action_of

SERVICE = "codebuild"
# Of UpdateProject (API reference) those that moto knows.
_SETTINGS = (
    "artifacts",
    "cache",
    "description",
    "environment",
    "logsConfig",
    "queuedTimeoutInMinutes",
    "serviceRole",
    "source",
    "sourceVersion",
    "tags",
    "timeoutInMinutes",
    "vpcConfig",
)
_WRITABLE = ("branchFilter", "filterGroups", "buildType", "manualCreation", "scopeConfiguration")


def install() -> None:
    """Terraform names a project by its ARN when it deletes it, which moto accepts and ignores."""
    from moto.codebuild.models import CodeBuildBackend
    from moto.codebuild.responses import CodeBuildResponse

    add(CodeBuildResponse, update_project)
    wrap(CodeBuildBackend, "delete_project", _delete_project)


def _delete_project(original: Method, self: Any, project_name: str) -> None:
    original(self, project_name.rsplit("/", 1)[-1])


def update_project(self: Any) -> Any:
    """UpdateProject: what the request names changes, the rest stays."""
    from moto.codebuild.exceptions import ResourceNotFoundException
    from moto.core.responses import ActionResult

    name = self._get_param("name").rsplit("/", 1)[-1]
    projects = self.codebuild_backend.batch_get_projects([name])
    if not projects:
        raise ResourceNotFoundException(f"Project cannot be found: {name}")
    changes = {each: self._get_param(each) for each in _SETTINGS}
    projects[0].update({each: value for each, value in changes.items() if value is not None})
    return ActionResult({"project": projects[0]})


def handle_webhook(request: Request) -> Response | None:
    """CreateWebhook, UpdateWebhook and DeleteWebhook; BatchGetProjects answers the webhook with its project."""
    from moto.codebuild.models import codebuild_backends

    action = action_of(request)
    if action not in {"CreateWebhook", "UpdateWebhook", "DeleteWebhook"}:
        return None
    body = request.json()
    name = str(body["projectName"])
    projects = codebuild_backends[request.account][request.region].batch_get_projects([name])
    if not projects:
        return not_found(f"Project cannot be found: {name}", 400)
    project = projects[0]
    webhook = project.get("webhook")
    if action == "CreateWebhook" and webhook:
        return json_error("ResourceAlreadyExistsException", f"Webhook already exists for project {name}")
    if action != "CreateWebhook" and not webhook:
        return not_found(f"Webhook cannot be found for project {name}", 400)
    if action == "DeleteWebhook":
        del project["webhook"]
        return json_response({})
    address = f"https://codebuild.{request.region}.amazonaws.com/webhooks"
    defaults = {"url": f"https://api.github.com/hooks/{name}", "payloadUrl": address}
    project["webhook"] = {**(webhook or defaults), **{key: body[key] for key in _WRITABLE if key in body}}
    return json_response({"webhook": project["webhook"]})


ROUTES = (Route(SERVICE, "POST", "/", handle_webhook),)
