"""API Gateway REST APIs: what Terraform wrote is what it reads.

- to_dict: the API answers a policy as an escaped JSON string, which the provider unescapes; moto answers it bare.
- apply_patch_operations: moto takes the text "false" for true when disableExecuteApiEndpoint is switched off, and
  drops minimumCompressionSize.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.apigateway.models import RestAPI


def _escaped_policy(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def to_dict(self: Any) -> dict[str, Any]:
        answer = original(self)
        policy = answer.get("policy")
        if policy:
            plain = policy.replace('\\"', '"') if policy.startswith('{\\"') else policy
            answer["policy"] = json.dumps(plain)[1:-1]
        return answer

    return to_dict


def _typed_patches(original: Callable[..., None]) -> Callable[..., None]:
    def apply_patch_operations(self: Any, operations: list[dict[str, Any]]) -> None:
        original(self, operations)
        for operation in operations:
            if operation["path"] == "/disableExecuteApiEndpoint":
                self.disableExecuteApiEndpoint = str(operation.get("value")).lower() == "true"
            if operation["path"] == "/minimumCompressionSize":
                value = operation.get("value")
                self.minimum_compression_size = int(value) if value else None

    return apply_patch_operations


def install() -> None:
    """Apply the patches of the module docstring."""
    if getattr(RestAPI, "groundwork_patched", False):
        return
    RestAPI.to_dict = _escaped_policy(RestAPI.to_dict)
    RestAPI.apply_patch_operations = _typed_patches(RestAPI.apply_patch_operations)
    RestAPI.groundwork_patched = True


ROUTES = ()
