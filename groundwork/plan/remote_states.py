"""What a synthesised stack reads from other states: which data source reads whose state, and which outputs it uses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

TYPE = "terraform_remote_state"

EVERYTHING = None
"""In place of names of outputs, where the expression does not name them."""


def sources(terraform: Mapping[str, Any], backends: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Name of a `data.terraform_remote_state` → the stack whose state it reads, for the stacks in `backends`.

    Bucket and key identify a state. `backends` is stack → settings of its S3 backend.
    """
    locations = {_location(backend): stack for stack, backend in backends.items()}
    declared: Mapping[str, Any] = terraform.get("data", {}).get(TYPE, {})
    read = {}
    for name, block in declared.items():
        settings = block[0] if isinstance(block, list) else block
        if settings.get("backend") == "s3" and (stack := locations.get(_location(settings.get("config", {})))):
            read[name] = stack
    return read


def outputs_read(terraform: Mapping[str, Any], name: str) -> frozenset[str] | None:
    """The outputs of `data.terraform_remote_state.<name>` that expressions use; EVERYTHING where one uses all."""
    used = re.compile(rf"data\.{TYPE}\.{re.escape(name)}(?![\w-])(?P<rest>[^\s]*)")
    outputs: set[str] = set()
    for text in _texts(terraform):
        for match in used.finditer(text):
            output = _OUTPUT.match(match["rest"])
            if output is None:
                return EVERYTHING
            outputs.add(output["dotted"] or output["indexed"])
    return frozenset(outputs)


_OUTPUT = re.compile(r'\.outputs(?:\.(?P<dotted>[A-Za-z_][\w-]*)|\["(?P<indexed>[^"\\$%]+)"\])')


def used(outputs: frozenset[str], terraform: Mapping[str, Any], name: str) -> frozenset[str]:
    """Those of `outputs` that expressions use of `data.terraform_remote_state.<name>`."""
    read = outputs_read(terraform, name)
    return outputs if read is EVERYTHING else outputs & read


def _location(settings: Mapping[str, Any]) -> tuple[str, str]:
    return str(settings.get("bucket", "")), str(settings.get("key", ""))


def _texts(value: object) -> Iterator[str]:
    """Every string of the synthesised Terraform without cdktf's metadata; also keys, which may hold expressions."""
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
