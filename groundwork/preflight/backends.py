"""Backends: a stack's state, and the states of upstream stacks that it reads.

A foreign bucket would receive the plan's credentials and could answer with any value; a foreign key would show another
environment's state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from groundwork.platform import Environment
from groundwork.preflight import Violation, document
from groundwork.refusals import Code

_NEEDED = {"bucket", "key", "region", "encrypt", "allowed_account_ids"}


def check(
    terraform: Mapping[str, Any], stack: str, upstream: Set[str], environment: Environment
) -> Iterator[Violation]:
    """Violations in the backend of `stack` and in its remote states; `upstream` are the stacks it may read."""
    own = list(_backends(terraform))
    if [kind for kind, _ in own] != ["s3"]:
        yield Violation(Code.BACKEND_NOT_ALLOWED, "a stack keeps its state in exactly one S3 backend")
    for kind, settings in own:
        if kind == "s3":
            yield from _settings("the backend", settings, {environment.state_key(stack)}, environment)
    keys = {environment.state_key(name) for name in upstream}
    for (kind, name), body in document.blocks(terraform.get("data", {}), 2):
        if kind == "terraform_remote_state":
            yield from _remote_state(f"data.{kind}.{name}", body, keys, environment)


def _backends(terraform: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for _, settings in document.blocks(terraform.get("terraform", {}), 0):
        for (kind,), body in document.blocks(settings.get("backend", {}), 1):
            yield kind, body


def _remote_state(where: str, body: Mapping[str, Any], keys: Set[str], environment: Environment) -> Iterator[Violation]:
    for extra in body.keys() - {"//", "backend", "config", "workspace"}:
        yield Violation(Code.BACKEND_NOT_ALLOWED, f"{where} may not set {extra}")
    if body.get("workspace", "${terraform.workspace}") != "${terraform.workspace}":
        yield Violation(Code.BACKEND_NOT_ALLOWED, f"{where} reads another workspace")
    if body.get("backend") != "s3" or not isinstance(body.get("config"), dict):
        yield Violation(Code.BACKEND_NOT_ALLOWED, f"{where} does not read from S3")
        return
    yield from _settings(where, body["config"], keys, environment)


def _settings(where: str, settings: Mapping[str, Any], keys: Set[str], environment: Environment) -> Iterator[Violation]:
    key = settings.get("key")
    if key not in keys:
        yield Violation(Code.BACKEND_NOT_ALLOWED, f"{where} names a state that is not its own or an upstream stack's")
    allowed = {**environment.preflight.backend, "key": str(key)}
    for missing in _NEEDED - settings.keys():
        yield Violation(Code.BACKEND_NOT_ALLOWED, f"{where} has no {missing}")
    for name, value in settings.items():
        if name == "//":
            continue
        if name not in allowed:
            code = Code.ENDPOINT_NOT_ALLOWED if "endpoint" in name or "proxy" in name else Code.BACKEND_NOT_ALLOWED
            code = Code.ASSUME_ROLE_NOT_ALLOWED if name.startswith("assume_role") or name == "role_arn" else code
            yield Violation(code, f"{where} may not set {name}")
        elif value != allowed[name]:
            yield Violation(Code.BACKEND_NOT_ALLOWED, f"{where} sets {name} to a value that main does not know")
