"""Delivers a stack's releases on a laptop: applies them where a cluster runs, only checks them otherwise."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from localcloud.kubernetes import manifests, pod_images
from localcloud.kubernetes.helm import Helm, ReleaseResult
from localcloud.kubernetes.releases import Release, read_releases


@dataclass(frozen=True)
class Delivered:
    """One release and what became of it. `outcome` None: no cluster, so it was rendered and checked only."""

    release: Release
    checked: manifests.Checked
    outcome: ReleaseResult | None

    @property
    def sentence(self) -> str:
        """One line for people."""
        objects = f"{len(self.checked.valid)} objects valid"
        skipped = f", {len(self.checked.skipped)} of custom kinds not checked" if self.checked.skipped else ""
        outcome = self.outcome or "rendered, not applied: no cluster"
        return f"{self.release.namespace}/{self.release.name}: {outcome} ({objects}{skipped})"


def deliver(
    stack_folder: Path,
    *,
    helm: Helm,
    kube_version: str,
    kubeconfig: Path | None,
    images: Collection[str] | None = None,
) -> list[Delivered]:
    """Lint, render and check every release of a synthesised stack; apply each where `kubeconfig` names a cluster.

    `images` are those of a node that pulls no others; None where the cluster pulls them, or runs no containers.
    Everything is checked before the first release is applied. Raises ReleaseFailed and SynthesisError.
    """
    checked: list[tuple[Release, manifests.Checked]] = []
    for release in read_releases(stack_folder):
        helm.lint(release, kube_version=kube_version)
        rendered = helm.render(release, kube_version=kube_version)
        objects = manifests.check(rendered, kube_version=kube_version)
        if images is not None:
            pod_images.require(objects.images, images, release=release.address)
        checked.append((release, objects))
    return [
        Delivered(release, objects, helm.apply(release, kubeconfig) if kubeconfig else None)
        for release, objects in checked
    ]


def deployed(stack_folder: Path, *, helm: Helm, kubeconfig: Path) -> list[Release]:
    """The releases of a synthesised stack that the cluster holds. Raises ReleaseFailed and SynthesisError."""
    return [release for release in read_releases(stack_folder) if helm.is_installed(release, kubeconfig)]


def remove(stack_folder: Path, *, helm: Helm, kubeconfig: Path) -> list[Release]:
    """Uninstall the stack's deployed releases and wait until they are gone; namespaces stay, as with Terraform."""
    releases = deployed(stack_folder, helm=helm, kubeconfig=kubeconfig)
    for release in releases:
        helm.remove(release, kubeconfig)
    return releases
