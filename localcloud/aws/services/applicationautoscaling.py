"""Application Auto Scaling: scalable targets have tags, which moto drops and has no calls for."""

from __future__ import annotations

import json
from typing import Any

from localcloud.aws.patching import Method, add, wrap


def install() -> None:
    """Keep the tags of a target beside it, so that they end with it."""
    from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

    wrap(ApplicationAutoScalingResponse, "register_scalable_target", _register)
    add(ApplicationAutoScalingResponse, list_tags_for_resource, tag_resource, untag_resource)


def _register(original: Method, self: Any) -> str:
    """Tags come with the registration only; a later one leaves them alone (API reference, RegisterScalableTarget)."""
    answer = str(original(self))
    if tags := self._get_param("Tags"):
        _tags(self, json.loads(answer)["ScalableTargetARN"]).update(tags)
    return answer


def list_tags_for_resource(self: Any) -> str:
    """ListTagsForResource."""
    return json.dumps({"Tags": _tags(self, self._get_param("ResourceARN"))})


def tag_resource(self: Any) -> str:
    """TagResource."""
    _tags(self, self._get_param("ResourceARN")).update(self._get_param("Tags"))
    return "{}"


def untag_resource(self: Any) -> str:
    """UntagResource."""
    tags = _tags(self, self._get_param("ResourceARN"))
    for name in self._get_param("TagKeys"):
        tags.pop(name, None)
    return "{}"


def _tags(response: Any, arn: str) -> dict[str, str]:
    """The tags of a target; raises the error of AWS where there is none with that ARN."""
    from moto.core.exceptions import JsonRESTError

    for targets in response.applicationautoscaling_backend.targets.values():
        for target in targets.values():
            if target.arn == arn:
                if not hasattr(target, "groundwork_tags"):
                    target.groundwork_tags = {}
                tags: dict[str, str] = target.groundwork_tags
                return tags
    raise JsonRESTError("ResourceNotFoundException", f"No scalable target found for resource ARN: {arn}")
