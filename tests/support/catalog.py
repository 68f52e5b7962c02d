"""Every stack of one or more environments, built in this process from values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cdktf import App

from stacks import catalog
from stacks.values import Environment


def documents(folder: Path, *environments: Environment) -> dict[str, Any]:
    """Stack name → parsed cdk.tf.json; written below `folder`."""
    app = App(outdir=str(folder))
    for environment in environments:
        catalog.build(app, environment)
    app.synth()
    return {
        path.parent.name: json.loads(path.read_text(encoding="utf-8"))
        for path in (folder / "stacks").glob("*/cdk.tf.json")
    }


def addresses(document: Any) -> set[str]:
    """The Terraform addresses of a stack's resources."""
    return {f"{kind}.{name}" for kind, named in document.get("resource", {}).items() for name in named}
