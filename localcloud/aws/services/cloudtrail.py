"""CloudTrail: trails are deleted by ARN too, and insight selectors are replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.aws.patching import wrap


def install() -> None:
    """Terraform deletes by ARN, which moto accepts and ignores; it also adds selectors where AWS sets them."""
    from moto.cloudtrail.models import CloudTrailBackend, Trail

    wrap(CloudTrailBackend, "delete_trail", _delete)
    wrap(Trail, "put_insight_selectors", _replace_insight_selectors)


def _delete(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete_trail(self: Any, name: str) -> None:
        original(self, self.get_trail(name).trail_name)

    return delete_trail


def _replace_insight_selectors(original: Callable[..., Any]) -> Callable[..., Any]:
    def put_insight_selectors(self: Any, insight_selectors: list[dict[str, str]]) -> None:
        self.insight_selectors.clear()
        original(self, insight_selectors)

    return put_insight_selectors
