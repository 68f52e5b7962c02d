"""The `helm` binary, which renders, applies and removes the releases of a stack on a laptop."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from groundwork.errors import ReleaseFailed
from localcloud.kubernetes.releases import Release


class Finished(Protocol):
    """How a program ended."""

    @property
    def ok(self) -> bool:
        """Whether its exit code was 0."""

    @property
    def tail(self) -> str:
        """Its last lines, of both streams."""

    @property
    def stdout(self) -> str:
        """All of its output where `keep_stdout` was set."""


class Run(Protocol):
    """Starts a program and waits for it, for example groundwork.toolchain.process.run, which ends it with `gw`."""

    def __call__(self, command: Sequence[str], *, environ: Mapping[str, str], keep_stdout: bool) -> Finished:
        """Run `command` with the variables `environ` and no others."""


class ReleaseResult(StrEnum):
    """What applying a release did."""

    RELEASED = "released"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Helm:
    """The binary at `path`, started by `run`. Methods raise ReleaseFailed with Helm's own words.

    `kube_version` is the version that charts may rely on, for example 1.33.0.
    """

    path: Path
    environ: Mapping[str, str]
    run: Run

    def lint(self, release: Release, *, kube_version: str) -> None:
        """`helm lint --strict` of the chart with the release's values."""
        with _values(release) as values:
            arguments = ["lint", release.chart, "--strict", "--kube-version", kube_version, *values]
            self._require(arguments, f"{release.address}: helm lint")

    def render(self, release: Release, *, kube_version: str) -> str:
        """The manifests as YAML, without a cluster."""
        with _values(release) as values:
            arguments = ["template", *_chart(release), "--kube-version", kube_version, *values]
            return self._require(arguments, f"{release.address} does not render", keep_stdout=True)

    def apply(self, release: Release, kubeconfig: Path) -> ReleaseResult:
        """Install or upgrade in the cluster of `kubeconfig`; does nothing where exactly this is deployed already.

        A killed run leaves a release that Helm calls pending; it is rolled back or removed first.
        """
        description = f"groundwork {release.fingerprint}"
        status = self._status(release, kubeconfig)
        if status == ("deployed", description):
            return ReleaseResult.UNCHANGED
        if status and status[0].startswith("pending-"):
            self._recover(release, kubeconfig, status[0])
        flags = [
            *(["--create-namespace"] if release.create_namespace else []),
            *(["--atomic", "--cleanup-on-fail"] if release.atomic else []),
            *(["--wait", "--wait-for-jobs"] if release.wait else []),
        ]
        with _values(release) as values:
            self._require(
                ["upgrade", *_chart(release), "--install", "--reset-values", *flags, *_timeout(release),
                 "--history-max", str(release.max_history), "--description", description,
                 "--kubeconfig", str(kubeconfig), *values],
                f"{release.address} did not become ready",
                fix=f"kubectl --kubeconfig {kubeconfig} --namespace {release.namespace} get pods,events",
            )  # fmt: skip
        return ReleaseResult.RELEASED

    def is_installed(self, release: Release, kubeconfig: Path) -> bool:
        """Whether the cluster holds the release in whatever condition."""
        return self._status(release, kubeconfig) is not None

    def remove(self, release: Release, kubeconfig: Path) -> None:
        """Uninstall and wait until everything is gone; does nothing where the release is not installed."""
        arguments = ["uninstall", *_name(release, kubeconfig), "--ignore-not-found", "--wait", *_timeout(release)]
        self._require(arguments, f"{release.address} was not removed")

    def _recover(self, release: Release, kubeconfig: Path, status: str) -> None:
        action = "uninstall" if status == "pending-install" else "rollback"
        arguments = [action, *_name(release, kubeconfig), "--wait", *_timeout(release)]
        self._require(arguments, f"{release.address} is {status} and cannot be recovered")

    def _status(self, release: Release, kubeconfig: Path) -> tuple[str, str] | None:
        """Status and description; None where the release is not installed."""
        finished = self._run(["status", *_name(release, kubeconfig), "--output", "json"], keep_stdout=True)
        if finished.ok:
            info = json.loads(finished.stdout)["info"]
            return str(info["status"]), str(info.get("description", ""))
        if "release: not found" in finished.tail:
            return None
        raise ReleaseFailed(
            f"{release.address}: the cluster does not answer: {finished.tail}",
            fix=f"kubectl --kubeconfig {kubeconfig} version",
        )

    def _require(self, arguments: list[str], problem: str, *, fix: str = "", keep_stdout: bool = False) -> str:
        """Run helm, and raise ReleaseFailed with `problem` where it fails; its output where that is kept."""
        finished = self._run(arguments, keep_stdout=keep_stdout)
        if not finished.ok:
            raise ReleaseFailed(f"{problem}: {finished.tail}", fix=fix)
        return finished.stdout

    def _run(self, arguments: list[str], *, keep_stdout: bool) -> Finished:
        return self.run([str(self.path), *arguments], environ=without_clusters(self.environ), keep_stdout=keep_stdout)


def without_clusters(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` for helm without the names of clusters: they must not decide where a laptop's release goes.

    HELM_KUBEAPISERVER and HELM_KUBETOKEN, for example, come before what the kubeconfig says ("helm env" of Helm's
    documentation).
    """
    return {key: value for key, value in environ.items() if not key.startswith(("HELM_KUBE", "KUBECONFIG"))}


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


def _chart(release: Release) -> list[str]:
    repository = ["--repo", release.repository] if release.repository else []
    # A folder has the version of its Chart.yaml; Helm looks at the flag for repositories only.
    version = ["--version", release.version] if release.version and not Path(release.chart).is_dir() else []
    return [release.name, release.chart, "--namespace", release.namespace, *repository, *version]


def _name(release: Release, kubeconfig: Path) -> list[str]:
    return [release.name, "--namespace", release.namespace, "--kubeconfig", str(kubeconfig)]


def _timeout(release: Release) -> list[str]:
    return ["--timeout", f"{release.timeout}s"]
