"""ECR: a registry that was saved can be used again."""

from __future__ import annotations

import threading
from typing import Any

from groundwork.local.aws.patching import add

_LOCK = "registry_scanning_configuration_update_lock"


def install() -> None:
    """A lock is not state: saved with the backend it comes back held by a thread that is gone, and deletion waits."""
    from moto.ecr.models import ECRBackend

    if "__getstate__" not in vars(ECRBackend):
        ECRBackend.__getstate__ = _without_lock
    add(ECRBackend, "__setstate__", _with_new_lock)


def _without_lock(self: Any) -> dict[str, Any]:
    return {key: value for key, value in vars(self).items() if key != _LOCK}


def _with_new_lock(self: Any, state: dict[str, Any]) -> None:
    vars(self).update(state)
    setattr(self, _LOCK, threading.RLock())
