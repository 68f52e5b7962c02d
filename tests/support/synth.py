"""Synthesises one stack from an environment made of a base value and changes, and returns Terraform's JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from cdktf import TerraformStack, Testing
from constructs import Construct

from stacks.values import Environment

BASE: dict[str, Any] = {
    "name": "dev",
    "organisation": "acme",
    "region": "eu-west-2",
    "accounts": {"main": {"id": "111122223333"}, "archive": {"id": "444455556666"}},
    "delivery": {"runner_label": "vpc"},
    "protect": False,
    "tags": {"team": "platform"},
}


def environment(**changes: Any) -> Environment:
    """The base environment with `changes` merged in, section by section."""
    return Environment.model_validate(merged(BASE, changes))


def synth(build: Callable[[Construct, Environment], TerraformStack], **changes: Any) -> Any:
    """The parsed cdk.tf.json of the stack that `build(app, environment)` returns."""
    return json.loads(Testing.synth(build(Testing.app(), environment(**changes))))


def resources(document: Any, kind: str) -> list[dict[str, Any]]:
    """All resources of one type, without their names."""
    return list(document.get("resource", {}).get(kind, {}).values())


def only_resource(document: Any, kind: str) -> dict[str, Any]:
    """The only resource of a type; fails when there is not exactly one."""
    (resource,) = resources(document, kind)
    return resource


def statements(policy: str) -> dict[str, dict[str, Any]]:
    """The statements of a policy's JSON by their Sid."""
    return {statement["Sid"]: statement for statement in json.loads(policy)["Statement"]}


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes` laid over it, section by section."""
    made = dict(base)
    for key, value in changes.items():
        old = made.get(key)
        made[key] = merged(old, value) if isinstance(value, Mapping) and isinstance(old, Mapping) else value
    return made
