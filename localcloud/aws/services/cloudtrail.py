"""CloudTrail: trails are deleted by ARN too, and insight selectors are replaced."""

from __future__ import annotations

from typing import Any

from localcloud.aws.patching import Method, wrap


def install() -> None:
    """Terraform deletes by ARN, which moto accepts and ignores; moto adds selectors where AWS replaces them."""
    from moto.cloudtrail.models import CloudTrailBackend, Trail

    wrap(CloudTrailBackend, "delete_trail", _delete_trail)
    wrap(Trail, "put_insight_selectors", _put_insight_selectors)


def _delete_trail(original: Method, self: Any, name: str) -> None:
    original(self, self.get_trail(name).trail_name)


def _put_insight_selectors(original: Method, self: Any, insight_selectors: list[dict[str, str]]) -> None:
    self.insight_selectors.clear()
    original(self, insight_selectors)
