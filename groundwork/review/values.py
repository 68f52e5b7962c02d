"""The values of synthesised Terraform as a review sees them: JSON, documents inside strings, and what is hidden.

Nothing behind `snapshot.py` ever holds a secret: it holds a `Masked`, which shows REDACTED (alone, or in the midst of a
longer text) and is equal to another one exactly where the secrets behind them are equal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Value = Any
"""JSON (dict, list, str, int, float, bool, None) in which a string may be a Document or a Masked."""


@dataclass(frozen=True)
class Masked:
    """A string that must not be shown. `shown` may be; `digest` is keyed with a key that ends with the process."""

    shown: str
    digest: str


@dataclass(frozen=True, eq=False)
class Document:
    """A string that holds JSON, such as a policy. `value` is the parsed JSON, `text` the string.

    Where `exact` is false, only the parsed JSON counts: Terraform's AWS provider compares policies so.
    """

    value: Value
    text: str | Masked
    exact: bool

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Document):
            return NotImplemented
        if identity(self.value) != identity(other.value):
            return False
        return self.text == other.text or not (self.exact and other.exact)

    def __hash__(self) -> int:
        return hash(identity(self.value))


def is_policy(value: Value) -> bool:
    """Whether a JSON value is an IAM policy document."""
    return isinstance(value, Mapping) and "Statement" in value


def canonical(value: Value) -> Value:
    """A value in which everything that means the same is written the same: lists of one, order in policies."""
    if isinstance(value, Document):
        return canonical(value.value) if not value.exact else value
    if is_policy(value):
        statements = value["Statement"]
        listed = statements if isinstance(statements, list) else [statements]
        made = [_statement(statement) if isinstance(statement, Mapping) else statement for statement in listed]
        return {**value, "Statement": sorted(made, key=identity)}
    if isinstance(value, Mapping):
        return {key: canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [canonical(item) for item in value]
    return value


def _statement(statement: Mapping[str, Value]) -> dict[str, Value]:
    made = dict(statement)
    for key in ("Action", "NotAction", "Resource", "NotResource"):
        if key in made:
            made[key] = _listed(made[key])
    for key in ("Principal", "NotPrincipal"):
        if isinstance(made.get(key), Mapping):
            made[key] = {kind: _listed(names) for kind, names in made[key].items()}
    if isinstance(made.get("Condition"), Mapping):
        made["Condition"] = {
            operator: {key: _listed(values) for key, values in keys.items()} if isinstance(keys, Mapping) else keys
            for operator, keys in made["Condition"].items()
        }
    return made


def _listed(value: Value) -> list[Value]:
    return sorted(value if isinstance(value, list) else [value], key=identity)


def plain(value: Value) -> Value:
    """A value as JSON that may be shown: documents parsed, hidden strings as REDACTED."""
    if isinstance(value, Masked):
        return value.shown
    if isinstance(value, Document):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def text(value: Value) -> str:
    """A value as JSON text, keys sorted."""
    return json.dumps(plain(value), ensure_ascii=False, sort_keys=True)


def identity(value: Value) -> str:
    """A text that two values share exactly where they are the same: true is not 1, and secrets count."""
    return json.dumps(canonical(value), sort_keys=True, default=_special)


def _special(value: Masked | Document) -> Value:
    if isinstance(value, Masked):
        return {"masked": value.digest, "shown": value.shown}
    return {"document": canonical(value.value), "text": value.text}


def strings(value: Value) -> Iterator[str]:
    """Every string of a value that may be shown, also inside documents; keys are not among them."""
    shown = plain(value)
    stack: list[Value] = [shown]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def at(value: Value, *path: str) -> Value:
    """What lies at a path of keys, None where nothing does; a list of one block counts as the block."""
    for key in path:
        item = value.value if isinstance(value, Document) else value
        if isinstance(item, Sequence) and not isinstance(item, str) and len(item) == 1:
            item = item[0]
        if not isinstance(item, Mapping) or key not in item:
            return None
        value = item[key]
    return value


def blocks(value: Value) -> list[Mapping[str, Value]]:
    """A block that may be written once or as a list, as a list."""
    listed = value if isinstance(value, list) else [] if value is None else [value]
    return [item for item in listed if isinstance(item, Mapping)]
