"""Helm releases as a synthesised stack describes them.

Chart, version and values come from `helm_release` in cdk.tf.json, so that a laptop without Terraform's Helm provider
releases exactly what the provider would.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.errors import SynthesisError

# The provider's own defaults (Helm provider 3.1.1, helm_release).
_NAMESPACE, _TIMEOUT = "default", 300
# Arguments of helm_release that the laptop understands; any other would be dropped silently, so it is refused.
_KNOWN = frozenset(
    {"atomic", "chart", "cleanup_on_fail", "create_namespace", "depends_on", "lint", "max_history", "name", "namespace",
     "repository", "reset_values", "timeout", "values", "version", "wait", "wait_for_jobs"}
)  # fmt: skip


@dataclass(frozen=True)
class Release:
    """One `helm_release`. `address` is its Terraform address; `chart` an absolute folder or the name in `repository`.

    `values` are YAML documents of which later ones win; `timeout` is in seconds.
    """

    address: str
    name: str
    namespace: str
    chart: str
    version: str
    values: tuple[str, ...]
    repository: str = ""
    timeout: int = _TIMEOUT
    atomic: bool = False
    wait: bool = True
    create_namespace: bool = False
    max_history: int = 0

    @property
    def fingerprint(self) -> str:
        """Changes with anything that decides what is released, the chart's templates included (16 hex digits)."""
        digest = hashlib.sha256("\0".join([self.repository, self.version, *self.values]).encode())
        folder = Path(self.chart)
        for file in sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []:
            digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
        return digest.hexdigest()[:16]


def read_releases(stack_folder: Path) -> list[Release]:
    """The releases of a synthesised stack (cdktf.out/stacks/<stack>), by name; empty where it has none.

    Raises SynthesisError where the stack is not synthesised, and for a release that only Terraform could make: one that
    refers to other resources, or uses an argument that this module does not know.
    """
    file = stack_folder / "cdk.tf.json"
    try:
        document: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SynthesisError(f"{file} cannot be read: {error}", fix="gw synth") from error
    bodies = document.get("resource", {}).get("helm_release", {})
    return sorted((_release(stack_folder, key, body) for key, body in bodies.items()), key=lambda release: release.name)


def _release(stack_folder: Path, key: str, body: Mapping[str, Any]) -> Release:
    address = f"helm_release.{key}"
    unknown = sorted(set(body) - _KNOWN - {"//"})
    if unknown:
        raise SynthesisError(
            f"{address}: {', '.join(unknown)} is understood by Terraform's Helm provider only",
            fix="drop it from the stack, or carry it over in localcloud/kubernetes/releases.py",
        )
    settings = {name: value for name, value in body.items() if name not in {"//", "depends_on"}}
    if "${" in json.dumps(settings):
        raise SynthesisError(
            f"{address} refers to other resources, whose values only Terraform knows",
            fix="compute the value from names (stacks/values/naming.py), so that it is known beforehand",
        )
    chart, repository = str(body["chart"]), str(body.get("repository", ""))
    if not repository and (stack_folder / chart).is_dir():
        chart = str((stack_folder / chart).resolve())
    elif chart.startswith("."):
        raise SynthesisError(f"{address}: chart {chart} is not in {stack_folder}", fix="gw synth")
    return Release(
        address=address,
        name=body["name"],
        namespace=body.get("namespace", _NAMESPACE),
        chart=chart,
        version=str(body.get("version", "")),
        values=tuple(body.get("values", ())),
        repository=repository,
        timeout=int(body.get("timeout", _TIMEOUT)),
        atomic=bool(body.get("atomic", False)),
        wait=bool(body.get("wait", True)),
        create_namespace=bool(body.get("create_namespace", False)),
        max_history=int(body.get("max_history", 0)),
    )
