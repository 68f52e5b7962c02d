"""EC2 security groups: the description of a rule that names a group or a prefix list."""

from __future__ import annotations

import inspect
from typing import Any

from localcloud.aws.patching import Method, replace_property, wrap


def install() -> None:
    """moto reads a rule's description from its CIDR only; every other rule comes back without a description."""
    from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule

    wrap(SecurityGroupRule, "__init__", _init_rule)
    wrap(SecurityGroup, "_flattened_rules", _flattened_rules)
    replace_property(SecurityGroupRule, "description", _description)


def _init_rule(original: Method, self: Any, *args: Any, **keywords: Any) -> None:
    original(self, *args, **keywords)
    arguments = inspect.signature(original).bind(self, *args, **keywords).arguments
    self.prefix_list_description = (arguments.get("prefix_list_id") or {}).get("Description")


def _flattened_rules(original: Method, self: Any, rules: list[Any]) -> Any:
    """The rules of a group as the group itself shows them."""
    descriptions = {rule.prefix_list_id: rule.description for rule in rules if rule.prefix_list_id}
    flattened = original(self, rules)
    for rule in flattened:
        for prefix_list in rule.prefix_list_ids:
            if descriptions[prefix_list["PrefixListId"]]:
                prefix_list["Description"] = descriptions[prefix_list["PrefixListId"]]
    return flattened


def _description(rule: Any) -> str | None:
    text = rule.ip_range.get("Description") or rule.source_group.get("Description")
    return text or getattr(rule, "prefix_list_description", None)
