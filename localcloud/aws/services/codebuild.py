"""CodeBuild: projects are deleted by ARN too, and have webhooks, which moto does not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.aws.patching import wrap
from localcloud.aws.routing import Request, Response, Route, json_error, json_response
from localcloud.aws.writes import action_of

SERVICE = "codebuild"
_WRITABLE = ("branchFilter", "filterGroups", "buildType", "manualCreation", "scopeConfiguration")


def install() -> None:
    """Terraform names a project by its ARN when it deletes it, which moto accepts and ignores."""
    from moto.codebuild.models import CodeBuildBackend

    wrap(CodeBuildBackend, "delete_project", _delete)


def _delete(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete_project(self: Any, project_name: str) -> None:
        original(self, project_name.rsplit("/", 1)[-1])

    return delete_project


def webhook(request: Request) -> Response | None:
    """CreateWebhook, UpdateWebhook and DeleteWebhook; BatchGetProjects gives the webhook with its project."""
    action = action_of(request)
    if action not in {"CreateWebhook", "UpdateWebhook", "DeleteWebhook"}:
        return None
    body = request.json()
    name = str(body["projectName"])
    project = _project(request, name)
    if project is None:
        return json_error("ResourceNotFoundException", f"Project cannot be found: {name}")
    there = project.get("webhook")
    if action == "CreateWebhook" and there:
        return json_error("ResourceAlreadyExistsException", f"Webhook already exists for project {name}")
    if action != "CreateWebhook" and not there:
        return json_error("ResourceNotFoundException", f"Webhook cannot be found for project {name}")
    if action == "DeleteWebhook":
        del project["webhook"]
        return json_response({})
    address = f"https://codebuild.{request.region}.amazonaws.com/webhooks"
    made = {"url": f"https://api.github.com/hooks/{name}", "payloadUrl": address}
    kept = there or made
    project["webhook"] = {**kept, **{key: body[key] for key in _WRITABLE if key in body}}
    return json_response({"webhook": project["webhook"]})


def _project(request: Request, name: str) -> dict[str, Any] | None:
    from moto.codebuild.models import codebuild_backends

    found = codebuild_backends[request.account][request.region].batch_get_projects([name])
    return found[0] if found else None


ROUTES = (Route(SERVICE, "POST", "/", webhook),)
