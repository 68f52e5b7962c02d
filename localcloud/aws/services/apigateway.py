"""API Gateway REST APIs: Terraform reads what it wrote, and can reset the account's log role."""

from __future__ import annotations

import json
from typing import Any

from localcloud.aws.patching import Method, wrap


def install() -> None:
    """Patch the policy and the settings of an API, and the account's settings."""
    from moto.apigateway.models import Account, RestAPI

    wrap(RestAPI, "to_dict", _to_dict)
    wrap(RestAPI, "apply_patch_operations", _apply_patch_operations)
    wrap(Account, "apply_patch_operations", _apply_to_account)


def _to_dict(original: Method, self: Any) -> Any:
    """API Gateway answers a policy as an escaped JSON string, which the provider unescapes; moto does not escape it."""
    answer = original(self)
    policy = answer.get("policy")
    if policy:
        plain = policy.replace('\\"', '"') if policy.startswith('{\\"') else policy
        answer["policy"] = json.dumps(plain)[1:-1]
    return answer


def _apply_patch_operations(original: Method, self: Any, operations: list[dict[str, Any]]) -> None:
    """moto takes the text "false" of disableExecuteApiEndpoint for true, and drops minimumCompressionSize."""
    original(self, operations)
    for operation in operations:
        if operation["path"] == "/disableExecuteApiEndpoint":
            self.disableExecuteApiEndpoint = str(operation.get("value")).lower() == "true"
        if operation["path"] == "/minimumCompressionSize":
            size = operation.get("value")
            self.minimum_compression_size = int(size) if size else None


def _apply_to_account(original: Method, self: Any, operations: list[dict[str, Any]]) -> Any:
    """Terraform resets the log role by an operation without a value, where moto requires a value."""
    return original(self, [{"value": None, **operation} for operation in operations])
