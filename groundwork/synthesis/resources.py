"""Every resource and data source of a synthesised stack, by its Terraform address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from groundwork.synthesis.manifest import Stack

_KINDS = (("resource", ""), ("data", "data."))


@dataclass(frozen=True)
class Resource:
    """A resource or data source. `path` is its construct path, empty where cdktf gave none; `body` is its Terraform."""

    stack: str
    address: str
    type: str
    name: str
    path: str
    body: Mapping[str, Any]

    @property
    def is_data(self) -> bool:
        """Whether it only reads."""
        return self.address.startswith("data.")


def of_stack(stack: Stack) -> Iterator[Resource]:
    """The resources of a stack in the order of its file, then its data sources; raises SynthesisError if unreadable."""
    for section, prefix in _KINDS:
        types = stack.terraform.get(section)
        for type_, named in (types if isinstance(types, dict) else {}).items():
            for name, body in named.items():
                path = body.get("//", {}).get("metadata", {}).get("path", "")
                yield Resource(stack.name, f"{prefix}{type_}.{name}", type_, name, path, body)
