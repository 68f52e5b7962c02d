"""What a stage of a REST API serves: resources and methods as they were when its deployment was made.

Source: API Gateway developer guide, "Deploy REST APIs": every change after a deployment needs another one.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_ATTRIBUTE = "groundwork_resources"


@dataclass(frozen=True)
class DeployedResource:
    """A resource of a deployment; `methods` are moto's by verb."""

    id: str
    path: str
    methods: Mapping[str, Any]


def freeze(api: Any, deployment: Any) -> None:
    """Keep what the API has now with a deployment."""
    resources = [
        DeployedResource(resource.id, resource.get_path(), copy.deepcopy(resource.resource_methods))
        for resource in api.resources.values()
    ]
    setattr(deployment, _ATTRIBUTE, resources)


def deployed(api: Any, stage: Any) -> Sequence[DeployedResource]:
    """The resources that a stage serves; none where its deployment was deleted."""
    frozen: Sequence[DeployedResource] = getattr(api.deployments.get(stage.deployment_id), _ATTRIBUTE, ())
    return frozen
