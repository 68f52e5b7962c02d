"""GuardDuty: features of a detector are changed one by one, and so are its tags."""

from __future__ import annotations

from typing import Any

from localcloud.aws import tagging
from localcloud.aws.patching import Method, wrap
from localcloud.aws.routing import Request, Response, Route


def install() -> None:
    """moto replaces the list of features by those of the request, so that only the last one is left."""
    from moto.guardduty.models import Detector

    wrap(Detector, "update", _update)


def _update(
    original: Method, self: Any, enable: Any, frequency: Any, sources: Any, features: list[dict[str, Any]] | None
) -> None:
    merged = {feature["name"]: feature for feature in [*self.features, *(features or [])]}
    original(self, enable, frequency, sources, list(merged.values()))


def _tags_of_a_detector(request: Request) -> Response | None:
    """moto takes tags when a detector is made, and lacks the calls that change them."""
    from moto.guardduty.models import guardduty_backends

    detector = guardduty_backends[request.account][request.region].detectors.get(request.group("id"))
    return tagging.change(request, detector.tags) if detector else None


ROUTES = (Route("guardduty", "*", r"/tags/arn:aws:guardduty:.+:detector/(?P<id>[^/]+)", _tags_of_a_detector),)
