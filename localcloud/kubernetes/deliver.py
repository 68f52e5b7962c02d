"""What a laptop does with releases: apply them where a cluster is, otherwise prove what can be proven without."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.kubernetes import manifests, releases
from localcloud.kubernetes.releases import Outcome, Release


@dataclass(frozen=True)
class Delivered:
    """One release and what became of it. `outcome` None: no cluster, so it was rendered and checked only."""

    release: Release
    checked: manifests.Checked
    outcome: Outcome | None

    @property
    def sentence(self) -> str:
        """One line for people."""
        objects = f"{len(self.checked.valid)} objects valid"
        skipped = f", {len(self.checked.skipped)} of custom kinds not checked" if self.checked.skipped else ""
        done = self.outcome or "rendered, not applied: no cluster"
        return f"{self.release.namespace}/{self.release.name}: {done} ({objects}{skipped})"


def deliver(
    stack_folder: Path,
    *,
    helm: Path,
    kube_version: str,
    kubeconfig: Path | None,
    environ: Mapping[str, str],
    on_progress: Callable[[str], None] = lambda _: None,
) -> list[Delivered]:
    """Lint, render and check every release of a synthesised stack; apply each where `kubeconfig` names a cluster.

    Everything is checked before the first release is applied. Raises ReleaseFailed and SynthesisError.
    """
    checked: list[tuple[Release, manifests.Checked]] = []
    for release in releases.releases(stack_folder):
        on_progress(f"checking {release.namespace}/{release.name}")
        releases.lint(release, helm, kube_version=kube_version, environ=environ)
        rendered = releases.render(release, helm, kube_version=kube_version, environ=environ)
        checked.append((release, manifests.check(rendered, kube_version=kube_version)))
    delivered = []
    for release, objects in checked:
        outcome = None
        if kubeconfig:
            on_progress(f"releasing {release.namespace}/{release.name}")
            outcome = releases.apply(release, helm, kubeconfig, environ=environ)
        delivered.append(Delivered(release, objects, outcome))
    return delivered


def deployed(stack_folder: Path, *, helm: Path, kubeconfig: Path, environ: Mapping[str, str]) -> list[Release]:
    """The releases of a synthesised stack that the cluster holds. Raises ReleaseFailed and SynthesisError."""
    return [
        release
        for release in releases.releases(stack_folder)
        if releases.is_there(release, helm, kubeconfig, environ=environ)
    ]


def remove(stack_folder: Path, *, helm: Path, kubeconfig: Path, environ: Mapping[str, str]) -> list[Release]:
    """Uninstall what `deployed` finds, and wait until it is gone; namespaces stay, as they do with Terraform."""
    found = deployed(stack_folder, helm=helm, kubeconfig=kubeconfig, environ=environ)
    for release in found:
        releases.remove(release, helm, kubeconfig, environ=environ)
    return found
