"""GuardDuty: features of a detector are changed one by one."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import Method, wrap


def install() -> None:
    """moto replaces the list of features by those of the request, so that only the last one is left."""
    from moto.guardduty.models import Detector

    wrap(Detector, "update", _update)


def _update(
    original: Method, self: Any, enable: Any, frequency: Any, sources: Any, features: list[dict[str, Any]] | None
) -> None:
    merged = {feature["name"]: feature for feature in [*self.features, *(features or [])]}
    original(self, enable, frequency, sources, list(merged.values()))
