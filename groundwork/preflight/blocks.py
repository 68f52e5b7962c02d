"""Kinds of blocks and their arguments: only what cdktf writes for our stacks, and what the locked providers know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from groundwork.preflight import Violation, document, schema
from groundwork.preflight.data_sources import DATA_SOURCES
from groundwork.refusals import Code

# Not listed, because our stacks do not need them: `check` and `ephemeral` read through providers, `import` and
# `removed` change what a state holds (and `removed` may have a provisioner), `module` fetches code, `variable` takes
# values from the job's environment.
_TOP_LEVEL = {"//", "terraform", "provider", "resource", "data", "output", "locals", "moved"}
_INNER = {
    "terraform": {"//", "backend", "required_providers"},
    # A `precondition` prints what its message reads.
    "output": {"//", "value", "description", "sensitive", "depends_on"},
    "moved": {"//", "from", "to"},
}
_LABELS = {"terraform": 0, "output": 1, "moved": 0}
# `count` and `for_each` print what they read as addresses; cdktf's stacks have Python's loops instead.
_META = {"//", "depends_on", "provider", "lifecycle"}
# A `precondition` and a `postcondition` print what their message reads; an `action_trigger` starts something.
_LIFECYCLE = {"//", "create_before_destroy", "prevent_destroy", "ignore_changes"}
_BLOCK_CODES = {"module": Code.MODULE_NOT_ALLOWED, "ephemeral": Code.DATA_SOURCE_NOT_ALLOWED}
_CODES = {
    "cloud": Code.BACKEND_NOT_ALLOWED,
    # `connection` serves provisioners only, and holds their credentials.
    "provisioner": Code.PROVISIONER_NOT_ALLOWED,
    "connection": Code.PROVISIONER_NOT_ALLOWED,
    "action_trigger": Code.PROVISIONER_NOT_ALLOWED,
}


def check(terraform: Mapping[str, Any]) -> Iterator[Violation]:
    """Violations in blocks, and in the arguments of resources and data sources."""
    for keyword in terraform.keys() - _TOP_LEVEL:
        yield Violation(
            _BLOCK_CODES.get(keyword, Code.BLOCK_NOT_ALLOWED), f"a stack may not have the block {keyword!r}"
        )
    for block, labels in _LABELS.items():
        for path, body in document.blocks(terraform.get(block, {}), labels):
            for keyword in body.keys() - _INNER[block]:
                code = _CODES.get(keyword, Code.BLOCK_NOT_ALLOWED)
                yield Violation(code, f"a stack may not set {'.'.join((block, *path, keyword))}")
    for (kind, name), body in document.blocks(terraform.get("resource", {}), 2):
        yield from _resource(kind, f"{kind}.{name}", body, schema.arguments(kind))
    for (kind, name), body in document.blocks(terraform.get("data", {}), 2):
        where = f"data.{kind}.{name}"
        if kind not in DATA_SOURCES:
            yield Violation(Code.DATA_SOURCE_NOT_ALLOWED, f"{where} would be read with the plan job's credentials")
        elif kind != "terraform_remote_state":
            yield from _resource(kind, where, body, schema.arguments(f"data.{kind}"))


def _resource(kind: str, where: str, body: Mapping[str, Any], known: frozenset[str] | None) -> Iterator[Violation]:
    if known is None:
        yield Violation(Code.PROVIDER_NOT_ALLOWED, f"{where} is of a type that no locked provider may be used for")
        return
    for keyword in body.keys() - known - _META:
        yield Violation(_CODES.get(keyword, Code.ARGUMENT_NOT_ALLOWED), f"{where} may not set {keyword}")
    for _, rules in document.blocks(body.get("lifecycle", {}), 0):
        for keyword in rules.keys() - _LIFECYCLE:
            yield Violation(_CODES.get(keyword, Code.ARGUMENT_NOT_ALLOWED), f"{where} may not set lifecycle.{keyword}")
    own = kind.split("_", 1)[0]
    if "provider" in body and not re.fullmatch(rf"{own}(\.[A-Za-z0-9_-]+)?", str(body["provider"])):
        yield Violation(Code.PROVIDER_NOT_ALLOWED, f"{where} names a provider that is not {own}")
    if any(key == "dynamic" and isinstance(value, dict | list) for key, value in document.entries(body)):
        yield Violation(Code.ARGUMENT_NOT_ALLOWED, f"{where} has dynamic blocks, which cdktf writes for iterators only")
