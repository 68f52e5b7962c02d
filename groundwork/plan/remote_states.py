"""What a synthesised stack reads of other states: which data source reads whose state, and which outputs are used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

TYPE = "terraform_remote_state"

EVERYTHING = None
"""In place of names of outputs: the expression does not say which."""


def sources(terraform: Mapping[str, Any], backends: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Name of a `data.terraform_remote_state` → the stack whose state it reads, for the stacks in `backends`.

    A state is recognised by bucket and key. `backends` is stack → settings of its S3 backend.
    """
    places = {_place(backend): stack for stack, backend in backends.items()}
    declared: Mapping[str, Any] = terraform.get("data", {}).get(TYPE, {})
    found = {}
    for name, block in declared.items():
        settings = block[0] if isinstance(block, list) else block
        if settings.get("backend") == "s3" and (stack := places.get(_place(settings.get("config", {})))):
            found[name] = stack
    return found


def outputs_read(terraform: Mapping[str, Any], name: str) -> frozenset[str] | None:
    """The outputs of `data.terraform_remote_state.<name>` that expressions use; EVERYTHING where one takes them all."""
    used = re.compile(rf"data\.{TYPE}\.{re.escape(name)}(?![\w-])(?P<rest>[^\s]*)")
    found: set[str] = set()
    for text in _texts(terraform):
        for match in used.finditer(text):
            output = _OUTPUT.match(match["rest"])
            if output is None:
                return EVERYTHING
            found.add(output["dotted"] or output["indexed"])
    return frozenset(found)


_OUTPUT = re.compile(r'\.outputs(?:\.(?P<dotted>[A-Za-z_][\w-]*)|\["(?P<indexed>[^"\\$%]+)"\])')


def used(outputs: frozenset[str], terraform: Mapping[str, Any], name: str) -> frozenset[str]:
    """Those of `outputs` that expressions use of `data.terraform_remote_state.<name>`."""
    read = outputs_read(terraform, name)
    return outputs if read is EVERYTHING else outputs & read


def _place(settings: Mapping[str, Any]) -> tuple[str, str]:
    return str(settings.get("bucket", "")), str(settings.get("key", ""))


def _texts(value: object) -> Iterator[str]:
    """Every string of the synthesised Terraform but cdktf's notes to itself; keys too, which may hold expressions."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, below in value.items():
            if key != "//":
                yield key
                yield from _texts(below)
    elif isinstance(value, list):
        for below in value:
            yield from _texts(below)
