"""Helm releases that Terraform cannot plan on a laptop; localcloud handles them with `helm`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from localcloud.kubernetes import deliver
from localcloud.kubernetes.helm import Helm


@dataclass(frozen=True)
class LaptopReleases:
    """See groundwork.apply.rollout.Releaser. `kubeconfig` is None where no cluster runs.

    `images` are those of the embedded node, which pulls no others; None where another cluster runs, or its API alone.
    """

    helm: Helm
    kubeconfig: Path | None
    images: Callable[[], Collection[str] | None]

    def deliver(self, folder: Path, *, kube_version: str) -> str:
        """Check every release and apply it where a cluster runs."""
        delivered = deliver.deliver(
            folder,
            helm=self.helm,
            kube_version=kube_version,
            kubeconfig=self.kubeconfig,
            images=self.images() if self.kubeconfig else None,
        )
        return "; ".join(release.sentence for release in delivered) or "no releases"

    def deployed(self, folder: Path) -> Sequence[str]:
        """Names of the releases that the cluster holds."""
        if not self.kubeconfig:
            return ()
        releases = deliver.deployed(folder, helm=self.helm, kubeconfig=self.kubeconfig)
        return [f"{release.namespace}/{release.name}" for release in releases]

    def remove(self, folder: Path) -> Sequence[str]:
        """Uninstall them."""
        if not self.kubeconfig:
            return ()
        releases = deliver.remove(folder, helm=self.helm, kubeconfig=self.kubeconfig)
        return [f"{release.namespace}/{release.name}" for release in releases]
