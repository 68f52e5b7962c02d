"""EC2 launch templates: tags of the template are not tags of what it launches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.aws.patching import wrap


def install() -> None:
    """moto copies the template's own tags into its data, where Terraform finds a tag_specifications nobody wrote."""
    from moto.ec2.models.launch_templates import LaunchTemplateVersion

    wrap(LaunchTemplateVersion, "__init__", _without_own_tags)


def _without_own_tags(original: Callable[..., Any]) -> Callable[..., Any]:
    def init(self: Any, template: Any, number: int, data: dict[str, Any], description: str) -> None:
        specifications = [
            each for each in data.pop("TagSpecifications", []) if each.get("ResourceType") != "launch-template"
        ]
        if specifications:
            data["TagSpecifications"] = specifications
        original(self, template, number, data, description)

    return init
