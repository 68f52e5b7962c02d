"""API Gateway's account settings: the log role can be taken away again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.apigateway.models import Account

from localcloud.aws.patching import wrap


def install() -> None:
    """Accept a patch without value, by which Terraform resets the log role when it is destroyed; moto wants one."""
    wrap(Account, "apply_patch_operations", _without_value_is_none)


def _without_value_is_none(original: Callable[..., Any]) -> Callable[..., Any]:
    def apply(self: Any, patch_operations: list[dict[str, Any]]) -> Any:
        return original(self, [{"value": None, **operation} for operation in patch_operations])

    return apply
