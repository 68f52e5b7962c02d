"""The values of synthesised Terraform in a review: JSON, documents inside strings, and masked secrets.

`snapshot.py` replaces every secret by a `Masked`, which shows REDACTED, alone or within a longer text. Two of them are
equal exactly where their secrets are equal.
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
    """A string with a secret. `shown` is what may be shown; the key of `digest` exists only in this process."""

    shown: str
    digest: str
    literal: bool = True
    """Whether the string itself is the secret; false for an expression, which Terraform evaluates."""


@dataclass(frozen=True, eq=False)
class Document:
    """A string that holds JSON, such as a policy. `value` is the parsed JSON, `text` the string.

    Where `exact` is false, only the parsed JSON is compared, as Terraform's AWS provider does with policies.
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
    """A value in which equal meanings are written equally: single values as lists, policies in one order."""
    if isinstance(value, Document):
        return canonical(value.value) if not value.exact else value
    if is_policy(value):
        statements = [
            _statement(entry) if isinstance(entry, Mapping) else entry for entry in as_list(value["Statement"])
        ]
        return {**value, "Statement": sorted(statements, key=identity)}
    if isinstance(value, Mapping):
        return {key: canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [canonical(item) for item in value]
    return value


def _statement(statement: Mapping[str, Value]) -> dict[str, Value]:
    """Without its Sid, which allows and denies nothing."""
    result = {key: item for key, item in statement.items() if key != "Sid"}
    for key in ("Action", "NotAction", "Resource", "NotResource"):
        if key in result:
            result[key] = _sorted(result[key])
    for key in ("Principal", "NotPrincipal"):
        if isinstance(result.get(key), Mapping):
            result[key] = {kind: _sorted(names) for kind, names in result[key].items()}
    if isinstance(result.get("Condition"), Mapping):
        result["Condition"] = {
            operator: {key: _sorted(values) for key, values in keys.items()} if isinstance(keys, Mapping) else keys
            for operator, keys in result["Condition"].items()
        }
    return result


def _sorted(value: Value) -> list[Value]:
    """A set's elements, each of them once."""
    distinct = {identity(item): item for item in as_list(value)}
    return [distinct[key] for key in sorted(distinct)]


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
    """A text that is equal for two values exactly where they mean the same; true is not 1, secrets are compared."""
    return json.dumps(canonical(value), sort_keys=True, default=_special)


def _special(value: Masked | Document) -> Value:
    if isinstance(value, Masked):
        return {"masked": value.digest, "shown": value.shown}
    return {"document": canonical(value.value), "text": value.text}


def strings(value: Value) -> Iterator[str]:
    """Every string of a value as it may be shown, also inside documents, without keys."""
    pending: list[Value] = [plain(value)]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def leaves(value: Value, path: str = "") -> Iterator[tuple[str, Value]]:
    """Everything that holds nothing else, also inside documents, each with its path: `rule[0].status`."""
    inner = value.value if isinstance(value, Document) else value
    if isinstance(inner, Mapping):
        for key, item in inner.items():
            yield from leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(inner, list):
        for index, item in enumerate(inner):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, inner


def value_at(value: Value, *path: str) -> Value:
    """The value at a path of keys, None where it does not exist; a list with one block counts as the block."""
    for key in path:
        item = value.value if isinstance(value, Document) else value
        if isinstance(item, Sequence) and not isinstance(item, str) and len(item) == 1:
            item = item[0]
        if not isinstance(item, Mapping) or key not in item:
            return None
        value = item[key]
    return value


def as_list(value: Value) -> list[Value]:
    """A value that may be missing, single or a list, as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def blocks(value: Value) -> list[Mapping[str, Value]]:
    """A block that may be missing, single or a list of blocks, as a list."""
    return [item for item in as_list(value) if isinstance(item, Mapping)]
