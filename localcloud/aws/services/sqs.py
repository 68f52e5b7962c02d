"""SQS: the redrive allow policy, and a queue's policy, which survives other changes."""

from __future__ import annotations

import json
from typing import Any

from localcloud.aws.patching import Method, replace_property, wrap

ALLOW = "RedriveAllowPolicy"
REDRIVE = "RedrivePolicy"


def install() -> None:
    """moto never answers the redrive allow policy, and drops a queue's policy when anything else is set."""
    from moto.sqs.models import Queue

    wrap(Queue, "_set_attributes", _set_attributes)
    if ALLOW not in Queue.BASE_ATTRIBUTES:
        original = Queue.attributes
        Queue.BASE_ATTRIBUTES.append(ALLOW)  # moto refuses to answer attributes that are not on this list
        Queue.redrive_allow_policy = None
        replace_property(Queue, "attributes", lambda queue: _as_answered(original.fget(queue)))


def _set_attributes(original: Method, self: Any, attributes: dict[str, Any], now: float | None = None) -> None:
    policy = getattr(self, "policy", None)
    original(self, attributes, now)
    if "Policy" not in attributes:
        self.policy = policy


def _as_answered(attributes: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not set, and write the redrive policy as AWS does: Terraform compares the text."""
    answered = {key: value for key, value in attributes.items() if key != ALLOW or value}
    if answered.get(REDRIVE):
        answered[REDRIVE] = json.dumps(json.loads(answered[REDRIVE]), separators=(",", ":"), sort_keys=True)
    return answered
