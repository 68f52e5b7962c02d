"""EC2 security groups: the description of a rule that names a group or a prefix list."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from localcloud.aws.patching import replace_property, wrap


def install() -> None:
    """moto reads a rule's description from its CIDR only; every other rule comes back without one."""
    from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule

    wrap(SecurityGroupRule, "__init__", _remember_prefix_list)
    wrap(SecurityGroup, "_flattened_rules", _describe_prefix_lists)
    replace_property(SecurityGroupRule, "description", _description)


def _remember_prefix_list(original: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(original)

    def init(self: Any, *args: Any, **keywords: Any) -> None:
        original(self, *args, **keywords)
        prefix_list = signature.bind(self, *args, **keywords).arguments.get("prefix_list_id") or {}
        self.prefix_list_description = prefix_list.get("Description")

    return init


def _describe_prefix_lists(original: Callable[..., Any]) -> Callable[..., Any]:
    """The rules of a group as the group itself shows them."""

    def _flattened_rules(self: Any, rules: list[Any]) -> Any:
        described = {rule.prefix_list_id: rule.description for rule in rules if rule.prefix_list_id}
        views = original(self, rules)
        for view in views:
            for prefix_list in view.prefix_list_ids:
                if described[prefix_list["PrefixListId"]]:
                    prefix_list["Description"] = described[prefix_list["PrefixListId"]]
        return views

    return _flattened_rules


def _description(rule: Any) -> str | None:
    text = rule.ip_range.get("Description") or rule.source_group.get("Description")
    return text or getattr(rule, "prefix_list_description", None)
