"""KMS: moto knows whether a key rotates, but not how often."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from groundwork.local.aws.patching import wrap

DEFAULT_ROTATION_DAYS = 365  # AWS KMS API, EnableKeyRotation: RotationPeriodInDays


def install() -> None:
    """Keep the rotation period: Terraform reads it back and would plan it again forever."""
    from moto.kms.responses import KmsResponse

    wrap(KmsResponse, "enable_key_rotation", _enable)
    wrap(KmsResponse, "get_key_rotation_status", _status)


def _key(response: Any) -> Any:
    backend = response.kms_backend
    return backend.keys[backend.get_key_id(response._get_param("KeyId"))]


def _enable(original: Callable[..., Any]) -> Callable[..., Any]:
    def enable_key_rotation(self: Any) -> Any:
        answer = original(self)
        _key(self).rotation_period_in_days = self._get_param("RotationPeriodInDays") or DEFAULT_ROTATION_DAYS
        return answer

    return enable_key_rotation


def _status(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_key_rotation_status(self: Any) -> str:
        status = json.loads(original(self))
        if status["KeyRotationEnabled"]:
            status["RotationPeriodInDays"] = getattr(_key(self), "rotation_period_in_days", DEFAULT_ROTATION_DAYS)
        return json.dumps(status)

    return get_key_rotation_status
