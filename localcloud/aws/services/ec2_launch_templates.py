"""EC2 launch templates: tags of the template are not tags of what it launches, and can be changed."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import Method, wrap


def install() -> None:
    """moto copies the template's own tags into its data, where Terraform finds a tag_specifications nobody wrote.

    It answers with the tags that a template was made with, whatever CreateTags wrote later.
    """
    from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion

    wrap(LaunchTemplateVersion, "__init__", _init)
    LaunchTemplate.tags = property(lambda template: template.get_tags(), lambda *_: None)


def _init(original: Method, self: Any, template: Any, number: int, data: dict[str, Any], description: str) -> None:
    specifications = data.pop("TagSpecifications", [])
    launched = [each for each in specifications if each.get("ResourceType") != "launch-template"]
    if launched:
        data["TagSpecifications"] = launched
    original(self, template, number, data, description)
