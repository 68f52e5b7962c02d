"""Writes a stack as HCL for people to read; Terraform runs on the JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from groundwork.review.provider_facts import facts
from groundwork.review.snapshot import Resource, StackSnapshot
from groundwork.review.values import Document, Masked, Value, plain

_INDENT = "  "
_WIDTH = 80  # characters of a list that is written in one line
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_REFERENCE = re.compile(r"[A-Za-z_][\w-]*(?:\.[\w-]+|\[\d+\])+")
# Meta-arguments that Terraform's JSON writes as strings and HCL as expressions.
_EXPRESSIONS = frozenset({"depends_on", "provider", "replace_triggered_by", "ignore_changes", "from", "to"})
_BLOCKS = frozenset({"lifecycle", "connection", "provisioner", "timeouts", "precondition", "postcondition"})


def texts(stacks: Iterable[StackSnapshot]) -> list[str]:
    """Every stack's Terraform as HCL. What two sides share as one object, as most resources, is written once."""
    written: dict[tuple[str, int], str] = {}
    return [text(stack, written) for stack in stacks]


def text(stack: StackSnapshot, written: dict[tuple[str, int], str] | None = None) -> str:
    """The stack's Terraform as HCL, formatted as `terraform fmt` does, sensitive values replaced.

    `written` has resources that were written before, by their address and the id of their body.
    """
    known = {} if written is None else written
    for address, resource in stack.resources.items():
        if (address, id(resource.body)) not in known:
            known[address, id(resource.body)] = _resource(resource)
    parts = [*_settings(stack)]
    parts += [known[address, id(resource.body)] for address, resource in sorted(stack.resources.items())]
    parts += [_labelled("output", [name], body, "output") for name, body in sorted(stack.outputs.items())]
    parts += [_labelled("moved", [], {"from": old, "to": new}, "moved") for old, new in stack.moved]
    return "\n".join(parts)


def _settings(stack: StackSnapshot) -> Iterator[str]:
    for section, body in stack.settings.items():
        if section == "lock":
            continue
        if section == "terraform":
            yield _terraform(body)
        elif section == "locals":
            yield _labelled("locals", [], body, "locals")
        elif section == "provider":
            for name, entries in body.items():
                yield from (_labelled("provider", [name], entry, f"provider.{name}") for entry in entries)
        elif section in {"variable", "module", "check"}:
            yield from (_labelled(section, [name], entry, section) for name, entry in body.items())
        else:
            for entry in body if isinstance(body, list) else [body]:
                yield _labelled(section, [], entry, section)


def _terraform(body: Mapping[str, Value]) -> str:
    lines: list[str] = []
    for key, value in sorted(body.items()):
        if key == "backend":
            for name, settings in value.items():
                lines += _block(f"backend {_quoted(name)}", settings, "terraform.backend", 1)
        elif key == "cloud":
            lines += _block("cloud", value, "terraform.cloud", 1)
        else:
            lines += _body({key: value}, "terraform", "", 1)
    return "\n".join(["terraform {", *lines, "}", ""])


def _resource(resource: Resource) -> str:
    kind = "data" if resource.is_data else "resource"
    type_ = f"data.{resource.type}" if resource.is_data else resource.type
    return _labelled(kind, [resource.type, resource.name], resource.body, type_)


def _labelled(kind: str, labels: list[str], body: Mapping[str, Value], type_: str) -> str:
    title = " ".join([kind, *map(_quoted, labels)])
    return "\n".join([*_block(title, body, type_, 0), ""])


def _block(title: str, body: Mapping[str, Value], type_: str, depth: int, path: str = "") -> list[str]:
    inside = _body(body, type_, path, depth + 1)
    indent = _INDENT * depth
    return [f"{indent}{title} {{", *inside, f"{indent}}}"] if inside else [f"{indent}{title} {{}}"]


def _body(body: Mapping[str, Value], type_: str, path: str, depth: int) -> list[str]:
    """Attributes first, with aligned equal signs, then blocks, as `terraform fmt` formats them."""
    simple: list[tuple[str, list[str]]] = []
    nested: list[str] = []
    for key, value in body.items():
        below = f"{path}.{key}" if path else key
        entries = _as_blocks(key, value, type_, below)
        if entries is None:
            simple.append(
                (
                    key,
                    _value(
                        value, depth, expression=key in _EXPRESSIONS or (type_ == "variable" and path + key == "type")
                    ),
                )
            )
            continue
        for entry in entries:
            nested += _block(key, entry, type_, depth, below)
    return [*_aligned(simple, depth), *nested]


def _as_blocks(key: str, value: Value, type_: str, path: str) -> list[Mapping[str, Value]] | None:
    """The blocks of a value; None where it is the value of an attribute."""
    if _is_value(key, type_, path):
        return None
    if isinstance(value, Mapping):
        return [value]
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        return list(value)
    return None


def _is_value(key: str, type_: str, path: str) -> bool:
    """Whether an object under this key is always the value of an attribute."""
    if type_ in {"locals", "moved", "output"} or (type_ == "variable" and key == "default"):
        return True
    if type_ == "terraform":
        return path.startswith("required_providers.")
    if type_ == "data.terraform_remote_state":
        return key in {"config", "defaults"}
    return not _IDENTIFIER.fullmatch(key) or (facts().is_map(type_, path) and key not in _BLOCKS)


def _aligned(entries: list[tuple[str, list[str]]], depth: int) -> list[str]:
    """`key = value` lines. fmt aligns the signs of adjacent lines; a value of several lines ends such a group."""
    lines: list[str] = []
    group: list[tuple[str, list[str]]] = []

    def flush() -> None:
        width = max((len(key) for key, _ in group), default=0)
        for key, value in group:
            lines.append(f"{_INDENT * depth}{key.ljust(width)} = {value[0]}")
            lines.extend(value[1:])
        group.clear()

    for key, value in entries:
        if len(value) > 1:
            flush()
            group.append((key, value))
            flush()
        else:
            group.append((key, value))
    flush()
    return lines


def _value(value: Value, depth: int, *, expression: bool = False) -> list[str]:
    """A value as the lines after its equal sign; the first without indentation."""
    if isinstance(value, Document):
        inner = _value(value.value, depth)
        inner[0] = f"jsonencode({inner[0]}"
        return [*inner[:-1], f"{inner[-1]})"]
    if isinstance(value, Mapping) and value:
        entries = [(_object_key(str(key)), _value(item, depth + 1)) for key, item in value.items()]
        return ["{", *_aligned(entries, depth + 1), f"{_INDENT * depth}}}"]
    if isinstance(value, list) and value:
        return _list([_value(item, depth + 1, expression=expression) for item in value], depth)
    return [_scalar(value, expression=expression)]


def _list(items: list[list[str]], depth: int) -> list[str]:
    if all(len(item) == 1 for item in items) and sum(len(item[0]) for item in items) <= _WIDTH:
        return [f"[{', '.join(item[0] for item in items)}]"]
    lines = ["["]
    for item in items:
        lines += [f"{_INDENT * (depth + 1)}{item[0]}", *item[1:]]
        lines[-1] += ","
    return [*lines, f"{_INDENT * depth}]"]


def _scalar(value: Any, *, expression: bool) -> str:
    if isinstance(value, (str, Masked)):
        shown = str(plain(value))
        if expression and (_REFERENCE.fullmatch(shown) or _IDENTIFIER.fullmatch(shown)):
            return shown
        if _is_expression(shown):
            return _spaced(shown[2:-1])
        return _quoted(shown)
    return json.dumps(value)


def _is_expression(value: str) -> bool:
    """Whether a string is a single `${…}` on one line."""
    if not (value.startswith("${") and value.endswith("}")) or "\n" in value:
        return False
    inside = value[2:-1]
    return "${" not in inside and "%{" not in inside and inside.count("{") == inside.count("}") and bool(inside.strip())


def _spaced(expression: str) -> str:
    """An expression with spaces inside braces, as fmt writes them; strings in it do not change."""
    pieces = re.split(r'("(?:[^"\\]|\\.)*")', expression)
    outside = (re.sub(r"(?<=[^\s{])\}", " }", re.sub(r"\{(?=[^\s}])", "{ ", piece)) for piece in pieces[::2])
    pieces[::2] = list(outside)
    return re.sub(r'(\{)(?=")', r"{ ", re.sub(r'(?<=")\}', " }", "".join(pieces)))


def _object_key(key: str) -> str:
    return key if _IDENTIFIER.fullmatch(key) else _quoted(key)


def _quoted(value: str) -> str:
    r"""A string of HCL: \uNNNN for unprintable characters; `${` begins a template, as in Terraform's JSON."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    escaped = escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    if not escaped.isprintable():
        escaped = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped)
    # Quotes inside a template belong to its expression.
    return '"' + re.sub(r"(?<!\$)\$\{[^}]*\}", lambda m: m[0].replace('\\"', '"'), escaped) + '"'
