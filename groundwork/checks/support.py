"""Versions in synthesised stacks that AWS stops supporting soon: Kubernetes, its add-ons, Lambda runtimes.

The dates are in support_ends.json, with where AWS publishes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from groundwork.checks.findings import Finding

ENDS = Path(__file__).with_name("support_ends.json")
NOTICE = timedelta(days=60)
"""How long before the end the check begins to fail: an upgrade is then planned, not forced."""
CHECK = "GW_SUPPORT_ENDS"


@dataclass(frozen=True)
class _Version:
    """A version in a stack. `group` and `version` are its keys in support_ends.json."""

    address: str
    group: str
    version: str


def run(folders: Sequence[Path], *, today: date) -> list[Finding]:
    """Findings for versions whose support ends within 60 days, has ended, or whose end is not known."""
    return [
        Finding("support", CHECK, folder.name, version.address, sentence)
        for folder in folders
        for version in _versions(json.loads((folder / "cdk.tf.json").read_text(encoding="utf-8")))
        if (sentence := _problem(version, today))
    ]


def _versions(document: Mapping[str, Any]) -> Iterator[_Version]:
    for kind, resources in document.get("resource", {}).items():
        for name, body in resources.items():
            address = f"{kind}.{name}"
            match kind:
                case "aws_eks_cluster" | "aws_eks_node_group":
                    yield _Version(address, "kubernetes", body["version"])
                case "aws_eks_addon":
                    yield _Version(address, "addons", f"{body['addon_name']} {body['addon_version']}")
                case "aws_lambda_function" if "runtime" in body:
                    yield _Version(address, "lambda", body["runtime"])


def _problem(version: _Version, today: date) -> str:
    end = _end(version)
    if end is None:
        return f"{version.version} has no date in {ENDS.name}: add it from {_known()[version.group]['source']}"
    if today + NOTICE < end:
        return ""
    verb = "ended" if end <= today else "ends"
    return (
        f"support of {version.version} {verb} on {end}: move to a newer version ({_known()[version.group]['source']})"
    )


def _end(version: _Version) -> date | None:
    known = _known()
    if version.group == "addons":
        kubernetes = known["addons"]["kubernetes"].get(version.version)
        end = known["kubernetes"]["ends"].get(kubernetes)
    else:
        end = known[version.group]["ends"].get(version.version)
    return date.fromisoformat(end) if end else None


@cache
def _known() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(ENDS.read_text(encoding="utf-8"))
    return document
