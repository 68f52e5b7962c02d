"""GuardDuty: features of a detector are changed one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.aws.patching import wrap


def install() -> None:
    """moto replaces the list of features by those of the request, so the last one set is the only one left."""
    from moto.guardduty.models import Detector

    wrap(Detector, "update", _merge_features)


def _merge_features(original: Callable[..., Any]) -> Callable[..., Any]:
    def update(self: Any, enable: Any, frequency: Any, sources: Any, features: list[dict[str, Any]] | None) -> None:
        merged = {feature["name"]: feature for feature in [*self.features, *(features or [])]}
        original(self, enable, frequency, sources, list(merged.values()))

    return update
