"""CodeBuild: projects are deleted by ARN too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from groundwork.local.aws.patching import wrap


def install() -> None:
    """Terraform names a project by its ARN when it deletes it, which moto accepts and ignores."""
    from moto.codebuild.models import CodeBuildBackend

    wrap(CodeBuildBackend, "delete_project", _delete)


def _delete(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete_project(self: Any, project_name: str) -> None:
        original(self, project_name.rsplit("/", 1)[-1])

    return delete_project
