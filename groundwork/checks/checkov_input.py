"""What checkov gets of a synthesised stack: a copy that its reader of Terraform's JSON takes.

The reader (checkov/terraform_json/parser.py, 3.2) expects an object per block and name, and fails on everything else
that Terraform allows: `moved`, `import` and `removed` are lists, `terraform.required_version` is a text. No check of
checkov looks at those, so the copy leaves them out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groundwork.errors import CheckFailed

_CHECKED = ("terraform", "provider", "variable", "locals", "data", "module", "resource", "output")
"""Blocks with checks, and those from which checkov fills in values."""


def write(synthesised: Path, to: Path) -> None:
    """Write the copy of a cdk.tf.json. Raises CheckFailed, with the address, for a block that checkov cannot read."""
    document = json.loads(synthesised.read_text(encoding="utf-8"))
    blocks = {kind: _block(kind, document[kind], synthesised.parent.name) for kind in _CHECKED if document.get(kind)}
    to.parent.mkdir(parents=True, exist_ok=True)
    # Indented as cdktf does: groundwork.checks.findings.address_at reads the lines that checkov reports.
    to.write_text(json.dumps(blocks, indent=2, ensure_ascii=False), encoding="utf-8")


def _block(kind: str, block: Mapping[str, Any], stack: str) -> dict[str, Any]:
    match kind:
        case "terraform":
            return {name: body for name, body in block.items() if isinstance(body, dict)}
        case "locals":
            return dict(block)
        case "provider":
            return {name: body if isinstance(body, list) else [body] for name, body in block.items()}
        case "resource" | "data":
            return {
                type_: {name: _body(f"{kind}.{type_}.{name}", body, stack) for name, body in named.items()}
                for type_, named in block.items()
            }
    return {name: _body(f"{kind}.{name}", body, stack) for name, body in block.items()}


def _body(address: str, body: Any, stack: str) -> dict[str, Any]:
    """Terraform also takes a block in a list of its own (developer.hashicorp.com/terraform/language/syntax/json)."""
    if isinstance(body, list) and len(body) == 1:
        (body,) = body
    if not isinstance(body, dict):
        raise CheckFailed(
            f"{stack}: {address} is not an object, so checkov cannot check it", fix="synthesise it as one object"
        )
    return body
