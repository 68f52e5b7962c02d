"""The gate: both checkers, all stacks, one verdict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from groundwork.checks.findings import Waiver
from groundwork.errors import CheckFailed

WAIVERS = "waivers.json"


def waivers(folders: Sequence[Path]) -> list[Waiver]:
    """The waivers of stacks, from the list that synthesis leaves beside each cdk.tf.json."""
    found = []
    for folder in folders:
        path = folder / WAIVERS
        if not path.is_file():
            raise CheckFailed(f"{path.name} of {folder.name} is missing", fix="gw synth")
        for entry in json.loads(path.read_text(encoding="utf-8")):
            found.append(Waiver(stack=folder.name, **{**entry, "expires": date.fromisoformat(entry["expires"])}))
    return found
