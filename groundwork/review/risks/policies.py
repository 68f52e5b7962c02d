"""The policy documents of a stack as statements: JSON in attributes, and `aws_iam_policy_document` data sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from groundwork.review.snapshot import Resource
from groundwork.review.values import Document, Masked, Value, as_list, blocks, is_policy, plain

POLICY_DOCUMENT = "aws_iam_policy_document"
_DATA = re.compile(r"\$\{data\.aws_iam_policy_document\.([\w-]+)(?:\[\d+\])?\.(?:minified_)?json\}")
_ACCOUNT = re.compile(r"\d{12}")
_HIDDEN = "\0"
EVERYONE = ("*", "*")

Role = Literal["identity", "trust", "resource"]


@dataclass(frozen=True)
class Part:
    """`Action`, or `NotAction` where it is `inverted`; the same for resources.

    `fold`: the case of letters does not matter, as with actions.
    """

    patterns: tuple[str, ...]
    inverted: bool = False
    fold: bool = False

    @property
    def compared(self) -> tuple[str, ...]:
        """The patterns as they are compared."""
        return tuple(pattern.lower() for pattern in self.patterns) if self.fold else self.patterns


@dataclass(frozen=True)
class Statement:
    """One statement; `principals` is None in the policy of an identity."""

    effect: str
    actions: Part
    resources: Part
    principals: tuple[tuple[str, str], ...] | None
    inverted_principals: bool
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Operator, key, values."""


@dataclass(frozen=True)
class Policy:
    """A policy of one resource. Policies with the same `group`, such as those of one role, are compared together."""

    resource: Resource
    path: str
    role: Role
    group: str
    statements: tuple[Statement, ...]


def of(resources: Mapping[str, Resource]) -> Iterator[Policy]:
    """Every policy of managed resources whose text is in the Terraform."""
    for resource in resources.values():
        if resource.is_data:
            continue
        for path, value in _candidates(resource.body, ""):
            document = _resolve(value, resources)
            if document is not None:
                statements = tuple(statement(entry) for entry in blocks(document.get("Statement")))
                role = _role(path, statements)
                yield Policy(resource, path, role, _group(resource, path, role), statements)


def unreadable(resource: Resource, resources: Mapping[str, Resource]) -> list[str]:
    """The policy attributes whose content is unknown before an apply (a function's result)."""
    return [
        key
        for key, value in resource.body.items()
        if (key == "policy" or key.endswith("_policy"))
        and isinstance(value, str)
        and value.startswith("${")
        and _resolve(value, resources) is None
    ]


def shown(pattern: str) -> str:
    """A pattern as it may be printed."""
    return pattern.partition(_HIDDEN)[0]


def statement(entry: Mapping[str, Value]) -> Statement:
    """A statement from IAM's JSON."""
    principal = entry.get("Principal", entry.get("NotPrincipal"))
    return Statement(
        effect=str(entry.get("Effect", "Allow")),
        actions=_part(entry, "Action", fold=True),
        resources=_part(entry, "Resource", fold=False),
        principals=None if principal is None else tuple(sorted(_principals(principal))),
        inverted_principals="NotPrincipal" in entry,
        conditions=tuple(sorted(_conditions(entry.get("Condition")))),
    )


def _candidates(value: Value, path: str) -> Iterator[tuple[str, Value]]:
    if isinstance(value, Document):
        if is_policy(value.value):
            yield path, value
    elif isinstance(value, str):
        if _DATA.fullmatch(value):
            yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _candidates(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            name = item.get("name") if isinstance(item, Mapping) else None
            yield from _candidates(item, f"{path}[{name if isinstance(name, str) else index}]")


def _resolve(value: Value, resources: Mapping[str, Resource], depth: int = 0) -> Mapping[str, Value] | None:
    """The policy document of a value; for a data source, together with its source and override documents."""
    if isinstance(value, Document):
        return value.value if isinstance(value.value, Mapping) else None
    match = _DATA.fullmatch(value) if isinstance(value, str) else None
    source = resources.get(f"data.{POLICY_DOCUMENT}.{match[1]}") if match else None
    if source is None or depth > 5:
        return None
    entries: list[Mapping[str, Value]] = [_from_block(block) for block in blocks(source.body.get("statement"))]
    for key in ("source_policy_documents", "override_policy_documents"):
        for inner in source.body.get(key) or ():
            further = _resolve(inner, resources, depth + 1)
            entries += blocks(further.get("Statement")) if further else []
    return {"Statement": entries}


def _from_block(block: Mapping[str, Value]) -> dict[str, Value]:
    """A `statement` block of the data source as IAM's JSON."""
    entry: dict[str, Value] = {"Effect": block.get("effect") or "Allow"}
    for key, name in (
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ):
        if block.get(key):
            entry[name] = block[key]
    for key, name in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        if principals := blocks(block.get(key)):
            entry[name] = {str(item.get("type")): item.get("identifiers") or [] for item in principals}
    conditions: dict[str, dict[str, Value]] = {}
    for item in blocks(block.get("condition")):
        conditions.setdefault(str(item.get("test")), {})[str(item.get("variable"))] = item.get("values") or []
    if conditions:
        entry["Condition"] = conditions
    return entry


def _part(entry: Mapping[str, Value], key: str, *, fold: bool) -> Part:
    inverted = f"Not{key}" in entry
    patterns = [_text(item) for item in as_list(entry.get(f"Not{key}" if inverted else key))]
    return Part(tuple(sorted(patterns)), inverted, fold)


def _principals(value: Value) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Mapping):
        yield EVERYONE if _text(value) == "*" else ("AWS", _text(value))
        return
    for kind, names in value.items():
        for name in map(_text, as_list(names)):
            if kind in {"AWS", "*"} and name == "*":
                yield EVERYONE
            else:
                yield kind, f"arn:aws:iam::{name}:root" if kind == "AWS" and _ACCOUNT.fullmatch(name) else name


def _conditions(value: Value) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for operator, keys in value.items() if isinstance(value, Mapping) else ():
        for key, values in keys.items() if isinstance(keys, Mapping) else ():
            yield operator, key.lower(), tuple(sorted(_text(item) for item in as_list(values)))


def _text(value: Value) -> str:
    """A pattern as text; a masked one contains its digest, so that different secrets stay different."""
    if isinstance(value, Masked):
        return f"{value.shown}{_HIDDEN}{value.digest}"
    shown_value = plain(value)
    if isinstance(shown_value, bool):
        return str(shown_value).lower()
    return str(shown_value)


def _role(path: str, statements: tuple[Statement, ...]) -> Role:
    if "assume_role" in path:
        return "trust"
    return "resource" if any(entry.principals is not None for entry in statements) else "identity"


def _group(resource: Resource, path: str, role: Role) -> str:
    if role == "identity":
        for key in ("role", "user", "group"):
            if isinstance(owner := resource.body.get(key), str):
                return f"identity {re.sub(r'[.](?:id|name|arn)}$', '}', owner)}"
        if path.startswith("inline_policy"):
            return f"identity ${{{resource.address}}}"
    return f"{resource.address} {path}"
