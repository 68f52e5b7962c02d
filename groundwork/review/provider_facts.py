"""Facts from the providers' schemas that synthesised Terraform lacks: which attributes are sensitive, sets or maps.

They come from `terraform providers schema -json` and are committed, so that a review needs no provider. The Helm
provider is not installed on every machine: its few sensitive attributes are listed here, from its documentation
(helm_release 3.1).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("provider_facts.json")

_HELM = {
    "provider.helm": ("kubernetes.password", "kubernetes.token", "kubernetes.client_key", "registries.password"),
    "helm_release": ("repository_password", "set_sensitive.value", "set_wo.value"),
    "data.helm_template": ("repository_password", "set_sensitive.value"),
}
# Not marked in the AWS provider's schema, although they are secrets.
_AWS = {"provider.aws": ("access_key", "secret_key", "token")}


@dataclass(frozen=True)
class Facts:
    """`sensitive`: resource type (`data.…`, `provider.…`) → attribute paths without indices.

    `sets` and `maps`: names of attributes and blocks that are sets, or maps, wherever they occur. `typed_sets`:
    `type.path` of sets whose name is a list elsewhere; `blocks`: `type.path` of blocks whose name is a map elsewhere.
    """

    sensitive: Mapping[str, frozenset[str]]
    sets: frozenset[str]
    typed_sets: frozenset[str]
    maps: frozenset[str]
    blocks: frozenset[str]

    def is_set(self, type_: str, path: str) -> bool:
        """Whether the order of elements means nothing; `path` has no indices."""
        return path.rpartition(".")[2] in self.sets or f"{type_}.{path}" in self.typed_sets

    def is_map(self, type_: str, path: str) -> bool:
        """Whether an object is the value of an attribute and not a block."""
        return path.rpartition(".")[2] in self.maps and f"{type_}.{path}" not in self.blocks


@cache
def facts() -> Facts:
    """The committed facts."""
    read = json.loads(FILE.read_bytes())
    sensitive = {kind: frozenset(paths) for kind, paths in read["sensitive"].items()}
    for kind, paths in (*_HELM.items(), *_AWS.items()):
        sensitive[kind] = sensitive.get(kind, frozenset()) | frozenset(paths)
    names = {key: frozenset(read[key]) for key in ("sets", "typed_sets", "maps", "blocks")}
    return Facts(sensitive, **names)


def extract(schema: Mapping[str, Any]) -> str:
    """The text of FILE from the output of `terraform providers schema -json`."""
    attributes: list[_Attribute] = []
    for source, provider in sorted(schema["provider_schemas"].items()):
        name = source.rsplit("/", 1)[-1]
        attributes += _walk(f"provider.{name}", provider["provider"]["block"], ())
        for kind, prefix in (("resource_schemas", ""), ("data_source_schemas", "data.")):
            for type_, resource in provider.get(kind, {}).items():
                attributes += _walk(prefix + type_, resource["block"], ())
    sensitive: dict[str, set[str]] = defaultdict(set)
    shapes: dict[str, Counter[str]] = defaultdict(Counter)
    for attribute in attributes:
        if attribute.sensitive:
            sensitive[attribute.type].add(".".join(attribute.path))
        if attribute.settable:
            shapes[attribute.path[-1]][attribute.shape] += 1
    maps = {name for name, seen in shapes.items() if seen["map"] > seen["block"] + seen["set block"]}
    sets = {
        name
        for name, seen in shapes.items()
        if seen["set"] + seen["set block"] and not seen["list"] and not seen["block"]
    }
    facts = {
        "sensitive": {type_: sorted(paths) for type_, paths in sorted(sensitive.items())},
        "sets": sorted(sets),
        "typed_sets": sorted(
            attribute.dotted
            for attribute in attributes
            if attribute.settable
            and attribute.shape in {"set", "set block"}
            and attribute.path[-1] not in sets
            and "data." not in attribute.type
        ),
        "maps": sorted(maps),
        "blocks": sorted(
            attribute.dotted for attribute in attributes if "block" in attribute.shape and attribute.path[-1] in maps
        ),
    }
    return json.dumps(facts, indent=1) + "\n"


@dataclass(frozen=True)
class _Attribute:
    type: str
    path: tuple[str, ...]
    shape: str
    sensitive: bool
    settable: bool

    @property
    def dotted(self) -> str:
        return f"{self.type}.{'.'.join(self.path)}"


def _walk(type_: str, block: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[_Attribute]:
    for name, attribute in block.get("attributes", {}).items():
        kind = attribute.get("type", "")
        shape = {"set": "set", "list": "list", "map": "map", "object": "map"}.get(kind[0] if kind else "", "scalar")
        hidden = bool(attribute.get("sensitive") or attribute.get("write_only"))
        settable = not attribute.get("computed") or bool(attribute.get("optional"))
        yield _Attribute(type_, (*above, name), shape, hidden, settable)
    for name, nested in block.get("block_types", {}).items():
        shape = "set block" if nested["nesting_mode"] == "set" else "block"
        yield _Attribute(type_, (*above, name), shape, sensitive=False, settable=True)
        yield from _walk(type_, nested["block"], (*above, name))
