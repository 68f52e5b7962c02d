"""Versions in synthesised stacks that AWS stops supporting soon: Kubernetes, its add-ons, Lambda runtimes.

The dates are in support_ends.json, with where AWS publishes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from groundwork.checks.findings import Finding

ENDS = Path(__file__).with_name("support_ends.json")
NOTICE = timedelta(days=60)
"""How long before the end the check begins to fail: an upgrade is then planned, not forced."""
CHECK = "GW_SUPPORT_ENDS"


_KINDS = {
    "aws_eks_cluster": ("version", "kubernetes"),
    "aws_eks_node_group": ("version", "kubernetes"),
    "aws_eks_addon": ("addon_version", "addons"),
    "aws_lambda_function": ("runtime", "lambda"),
}
"""Resource type → the argument with its version, and the part of support_ends.json."""
_NEEDS_NONE = frozenset({"aws_eks_node_group", "aws_lambda_function"})
"""Node groups get the version of their cluster, which is checked; functions from an image bring their own runtime."""
_CLUSTERS_VERSION = re.compile(r"\$\{aws_eks_cluster\.[\w-]+\.version\}")


def run(folders: Sequence[Path], *, today: date) -> list[Finding]:
    """Findings for versions whose support ends within 60 days, has ended, or whose end is not known.

    A cluster or an add-on without a version is one of them: EKS then takes its default at creation (CreateCluster in
    the EKS API reference), and the provider never updates it (aws_eks_cluster, `version`).
    """
    return [
        Finding("support", CHECK, folder.name, f"{kind}.{name}", sentence)
        for folder in folders
        for kind, name, body in _resources(json.loads((folder / "cdk.tf.json").read_text(encoding="utf-8")))
        if (sentence := _problem(kind, body, today))
    ]


def newest_kubernetes(program: str, version: str) -> str | None:
    """The newest Kubernetes version that a program (`karpenter`) of this version works with; None where not known."""
    newest: str | None = _known()[program]["newest_kubernetes"].get(version.rpartition(".")[0])
    return newest


def _resources(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Type, name and body of the resources with a version. Terraform also takes a body in a list of its own."""
    for kind in _KINDS:
        for name, body in document.get("resource", {}).get(kind, {}).items():
            for each in body if isinstance(body, list) else [body]:
                if isinstance(each, Mapping):
                    yield kind, name, each


def _problem(kind: str, body: Mapping[str, Any], today: date) -> str:
    key, group = _KINDS[kind]
    value = body.get(key)
    if kind == "aws_eks_node_group" and _CLUSTERS_VERSION.fullmatch(str(value)):
        return ""
    if value is None:
        missing = f"{key} is not set: AWS takes its default at creation, and the end of its support is not known here"
        return "" if kind in _NEEDS_NONE else f"{missing}. Set {key}"
    parts = [body.get("addon_name"), value] if kind == "aws_eks_addon" else [value]
    if not all(isinstance(part, str) and "${" not in part for part in parts):
        return f"{key} is {value!r}, no version as text, so its support cannot be checked: write it out"
    return _of_version(group, " ".join(parts), today)


def _of_version(group: str, version: str, today: date) -> str:
    source = _known()[group]["source"]
    end = _end(group, version)
    if end is None:
        return f"{version} has no date in {ENDS.name}: add it from {source}"
    if today + NOTICE < end:
        return ""
    verb = "ended" if end <= today else "ends"
    return f"support of {version} {verb} on {end}: move to a newer version ({source})"


def _end(group: str, version: str) -> date | None:
    known = _known()
    if group == "addons":
        group, version = "kubernetes", known["addons"]["kubernetes"].get(version)
    end = known[group]["ends"].get(version)
    return date.fromisoformat(end) if end else None


@cache
def _known() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(ENDS.read_text(encoding="utf-8"))
    return document
