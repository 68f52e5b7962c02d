"""Every policy in a synthesised stack, statement by statement, nested blocks included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Statement:
    """One statement of a policy; `address` and `argument` say where it stands."""

    stack: str
    address: str
    argument: str
    body: dict[str, Any]

    @property
    def kind(self) -> str:
        """Type of the resource that carries the policy."""
        return self.address.split(".")[0]

    @property
    def allows(self) -> bool:
        """Whether its effect is Allow."""
        return bool(self.body["Effect"] == "Allow")

    def listed(self, key: str) -> list[str]:
        """Action or Resource as a list."""
        value = self.body.get(key, [])
        return [value] if isinstance(value, str) else list(value)

    @property
    def everyone(self) -> bool:
        """Whether its principal is everybody (`*`)."""
        principal = self.body.get("Principal")
        if not isinstance(principal, dict):
            return principal == "*"
        return any("*" in ([who] if isinstance(who, str) else who) for who in principal.values())

    def __str__(self) -> str:
        return f"{self.stack} {self.address} {self.argument} {json.dumps(self.body)}"


def statements(stack: str, document: Any) -> Iterator[Statement]:
    """All statements of all policies of a stack, nested blocks (inline_policy) included."""
    for kind, named in document.get("resource", {}).items():
        for name, body in named.items():
            for argument, text in _policies(body, ""):
                for statement in json.loads(text)["Statement"]:
                    yield Statement(stack, f"{kind}.{name}", argument, statement)


# Resources whose `policy` grants nothing.
_NO_PERMISSIONS = {"aws_ecr_lifecycle_policy"}


def unreadable(stack: str, document: Any) -> Iterator[str]:
    """Arguments named like a policy whose value is not a literal policy, such as a reference."""
    for kind, named in document.get("resource", {}).items():
        for name, body in named.items() if kind not in _NO_PERMISSIONS else ():
            for argument in ("policy", "assume_role_policy", "access_policy", "resource_policy"):
                text = body.get(argument)
                if isinstance(text, str) and '"Statement"' not in text:
                    yield f"{stack} {kind}.{name} {argument}: {text}"


def _policies(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != "//":
                yield from _policies(inner, f"{path}.{key}".strip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from _policies(inner, path)
    elif isinstance(value, str) and '"Statement"' in value:
        yield path, value
