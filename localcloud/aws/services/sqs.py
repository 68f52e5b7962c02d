"""SQS: who may use a dead-letter queue, and a policy that outlives other changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localcloud.aws.patching import replace_property, wrap

ALLOW = "RedriveAllowPolicy"
REDRIVE = "RedrivePolicy"


def install() -> None:
    """moto does not give the redrive allow policy back, and drops a queue's policy when anything else is set."""
    from moto.sqs.models import Queue

    wrap(Queue, "_set_attributes", _keep_policy)
    if ALLOW not in Queue.BASE_ATTRIBUTES:
        original = Queue.attributes
        Queue.BASE_ATTRIBUTES.append(ALLOW)  # moto refuses to answer attributes that are not on this list
        Queue.redrive_allow_policy = None
        replace_property(Queue, "attributes", lambda queue: _as_answered(original.fget(queue)))


def _keep_policy(original: Callable[..., Any]) -> Callable[..., Any]:
    def _set_attributes(self: Any, attributes: dict[str, Any], now: float | None = None) -> None:
        policy = getattr(self, "policy", None)
        original(self, attributes, now)
        if "Policy" not in attributes:
            self.policy = policy

    return _set_attributes


def _as_answered(attributes: dict[str, Any]) -> dict[str, Any]:
    """Without what is not set, and the redrive policy as AWS writes it: Terraform compares the text."""
    answered = {key: value for key, value in attributes.items() if key != ALLOW or value}
    if answered.get(REDRIVE):
        answered[REDRIVE] = json.dumps(json.loads(answered[REDRIVE]), separators=(",", ":"), sort_keys=True)
    return answered
