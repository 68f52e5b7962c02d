"""Helm releases as a synthesised stack describes them, and the `helm` binary that renders, applies and removes them.

Chart, version and values come from `helm_release` in cdk.tf.json, so that a laptop without Terraform's Helm provider
releases exactly what the provider would.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from groundwork.errors import ReleaseFailed, SynthesisError
from groundwork.toolchain.process import Finished, run

# The provider's own defaults (Helm provider 3.1.1, helm_release).
_NAMESPACE, _TIMEOUT = "default", 300
# Arguments of helm_release that this module carries over; another one would be dropped silently, so it is refused.
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


class Outcome(StrEnum):
    """What applying a release did."""

    RELEASED = "released"
    UNCHANGED = "unchanged"


def releases(stack_folder: Path) -> list[Release]:
    """The releases of a synthesised stack (cdktf.out/stacks/<stack>), by name; empty where it has none.

    Raises SynthesisError where the stack is not synthesised, and for a release that only Terraform could make: one that
    refers to other resources, or uses an argument that this module does not know.
    """
    file = stack_folder / "cdk.tf.json"
    try:
        document: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SynthesisError(f"{file} cannot be read: {error}", fix="gw synth") from error
    found = document.get("resource", {}).get("helm_release", {})
    return sorted((_release(stack_folder, key, body) for key, body in found.items()), key=lambda each: each.name)


def lint(release: Release, helm: Path, *, kube_version: str, environ: Mapping[str, str]) -> None:
    """`helm lint --strict` of the chart with the release's values; raises ReleaseFailed with Helm's own words."""
    with _values(release) as files:
        done = _helm(helm, ["lint", release.chart, "--strict", "--kube-version", kube_version, *files], environ)
    if not done.ok:
        raise ReleaseFailed(f"{release.address}: helm lint: {done.tail}")


def render(release: Release, helm: Path, *, kube_version: str, environ: Mapping[str, str]) -> str:
    """The manifests as YAML, without a cluster. `kube_version` is what the chart may rely on, for example 1.33.0."""
    with _values(release) as files:
        done = _helm(
            helm, ["template", *_what(release), "--kube-version", kube_version, *files], environ, keep_stdout=True
        )
    if not done.ok:
        raise ReleaseFailed(f"{release.address} does not render: {done.tail}")
    return done.stdout


def apply(release: Release, helm: Path, kubeconfig: Path, *, environ: Mapping[str, str]) -> Outcome:
    """Install or upgrade in the cluster of `kubeconfig`; does nothing where exactly this is deployed already.

    A killed run leaves a release that Helm calls pending; it is rolled back or removed first. Raises ReleaseFailed.
    """
    status = _status(release, helm, kubeconfig, environ)
    if status == ("deployed", _description(release)):
        return Outcome.UNCHANGED
    if status and status[0].startswith("pending-"):
        _recover(release, helm, kubeconfig, environ, status=status[0])
    with _values(release) as files:
        flags = [
            *(["--create-namespace"] if release.create_namespace else []),
            *(["--atomic", "--cleanup-on-fail"] if release.atomic else []),
            *(["--wait", "--wait-for-jobs"] if release.wait else []),
        ]
        done = _helm(
            helm,
            ["upgrade", *_what(release), "--install", "--reset-values", *flags, "--timeout", f"{release.timeout}s",
             "--history-max", str(release.max_history), "--description", _description(release),
             "--kubeconfig", str(kubeconfig), *files],
            environ,
        )  # fmt: skip
    if not done.ok:
        raise ReleaseFailed(
            f"{release.address} did not become ready: {done.tail}",
            fix=f"kubectl --kubeconfig {kubeconfig} --namespace {release.namespace} get pods,events",
        )
    return Outcome.RELEASED


def is_there(release: Release, helm: Path, kubeconfig: Path, *, environ: Mapping[str, str]) -> bool:
    """Whether the cluster holds it in whatever condition; raises ReleaseFailed where the cluster does not answer."""
    return _status(release, helm, kubeconfig, environ) is not None


def remove(release: Release, helm: Path, kubeconfig: Path, *, environ: Mapping[str, str]) -> None:
    """Uninstall and wait until everything is gone; a release that is not there is no error. Raises ReleaseFailed."""
    done = _helm(
        helm,
        ["uninstall", release.name, "--namespace", release.namespace, "--ignore-not-found", "--wait",
         "--timeout", f"{release.timeout}s", "--kubeconfig", str(kubeconfig)],
        environ,
    )  # fmt: skip
    if not done.ok:
        raise ReleaseFailed(f"{release.address} was not removed: {done.tail}")


def _release(stack_folder: Path, key: str, body: Mapping[str, Any]) -> Release:
    address = f"helm_release.{key}"
    unknown = sorted(set(body) - _KNOWN - {"//"})
    if unknown:
        raise SynthesisError(
            f"{address}: {', '.join(unknown)} is understood by Terraform's Helm provider only",
            fix="drop it from the stack, or carry it over in localcloud/kubernetes/releases.py",
        )
    told = {name: value for name, value in body.items() if name not in {"//", "depends_on"}}
    if "${" in json.dumps(told):
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


@contextmanager
def _values(release: Release) -> Iterator[list[str]]:
    """The flags that name the release's values, which lie in files while the block runs."""
    with tempfile.TemporaryDirectory(prefix="groundwork-values-") as folder:
        flags = []
        for number, text in enumerate(release.values):
            file = Path(folder) / f"{number}.yaml"
            file.write_text(text, encoding="utf-8")
            flags += ["--values", str(file)]
        yield flags


def _what(release: Release) -> list[str]:
    where = [*(["--repo", release.repository] if release.repository else [])]
    # A folder has the version that its Chart.yaml says; Helm looks at the flag for repositories only.
    version = ["--version", release.version] if release.version and not Path(release.chart).is_dir() else []
    return [release.name, release.chart, "--namespace", release.namespace, *where, *version]


def _description(release: Release) -> str:
    return f"groundwork {release.fingerprint}"


def _status(release: Release, helm: Path, kubeconfig: Path, environ: Mapping[str, str]) -> tuple[str, str] | None:
    done = _helm(
        helm,
        ["status", release.name, "--namespace", release.namespace, "--kubeconfig", str(kubeconfig), "--output", "json"],
        environ,
        keep_stdout=True,
    )
    if done.ok:
        info = json.loads(done.stdout)["info"]
        return str(info["status"]), str(info.get("description", ""))
    if "release: not found" in done.tail:
        return None
    raise ReleaseFailed(
        f"{release.address}: the cluster does not answer: {done.tail}", fix=f"kubectl --kubeconfig {kubeconfig} version"
    )


def _recover(release: Release, helm: Path, kubeconfig: Path, environ: Mapping[str, str], *, status: str) -> None:
    where = ["--namespace", release.namespace, "--kubeconfig", str(kubeconfig), "--wait"]
    action = "uninstall" if status == "pending-install" else "rollback"
    done = _helm(helm, [action, release.name, *where, "--timeout", f"{release.timeout}s"], environ)
    if not done.ok:
        raise ReleaseFailed(f"{release.address} is {status} and cannot be recovered: {done.tail}")


def _helm(helm: Path, arguments: list[str], environ: Mapping[str, str], *, keep_stdout: bool = False) -> Finished:
    # Names of clusters in the caller's environment must not decide where a laptop's release goes.
    clean = {key: value for key, value in environ.items() if not key.startswith(("HELM_KUBE", "KUBECONFIG"))}
    return run([str(helm), *arguments], environ=clean, keep_stdout=keep_stdout)
