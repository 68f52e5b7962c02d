"""ECS: a service keeps the settings that it was made with, of which moto knows about half."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import Method, wrap

# Of CreateService and UpdateService (API reference), as DescribeServices answers them.
_SETTINGS = (
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "deploymentConfiguration",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
)


def install() -> None:
    """Keep the settings of services."""
    from moto.ecs.responses import EC2ContainerServiceResponse

    wrap(EC2ContainerServiceResponse, "create_service", _keep_settings)
    wrap(EC2ContainerServiceResponse, "update_service", _keep_settings)


def _keep_settings(original: Method, self: Any) -> Any:
    from botocore import xform_name

    answer = original(self)
    for name in _SETTINGS:
        value = self._get_param(name)
        if value is not None:
            setattr(answer._result["service"], xform_name(name), value)
    return answer
