"""EC2 security groups: the description of a rule that names a group or a prefix list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from groundwork.local.aws.patching import replace_property, wrap


def install() -> None:
    """moto reads a rule's description from its CIDR only; every other rule comes back without one."""
    from moto.ec2.models.security_groups import SecurityGroupRule

    wrap(SecurityGroupRule, "__init__", _remember_prefix_list)
    replace_property(SecurityGroupRule, "description", _description)


def _remember_prefix_list(original: Callable[..., Any]) -> Callable[..., Any]:
    def init(self: Any, *args: Any, **keywords: Any) -> None:
        original(self, *args, **keywords)
        self.prefix_list_description = (keywords.get("prefix_list_id") or {}).get("Description")

    return init


def _description(rule: Any) -> str | None:
    text = rule.ip_range.get("Description") or rule.source_group.get("Description")
    return text or getattr(rule, "prefix_list_description", None)
