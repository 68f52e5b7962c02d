"""How a stack reaches Kubernetes with Helm, its charts, and how its releases behave."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cdktf import AssetType, Fn, TerraformAsset
from cdktf_cdktf_provider_helm.provider import HelmProvider, HelmProviderKubernetes, HelmProviderKubernetesExec
from constructs import Construct
from ruamel.yaml import YAML

from stacks.blocks.cluster.eks_cluster import ControlPlane
from stacks.values import Names

CHARTS = Path(__file__).parents[3] / "charts"
# Beside the laptop's other state; `gw` puts the kubeconfig of the laptop's cluster there. A fixed file, so that a plain
# `terraform apply` on a laptop can never reach the cluster that somebody's own kubeconfig happens to name.
_LAPTOP_KUBECONFIG = "../../../.groundwork/kubernetes/kubeconfig"

WHOLE_OR_NOT_AT_ALL: Final[Mapping[str, Any]] = {
    "atomic": True,
    "cleanup_on_fail": True,
    "wait": True,
    "lint": True,
    "max_history": 10,
    # What somebody set by hand with --set must not survive the next release.
    "reset_values": True,
}
"""Arguments of a Release: installed or upgraded whole, or rolled back; waits until everything is ready, or gone."""


def values_text(values: Mapping[str, Any]) -> str:
    """A document for a Release's `values`. Sorted, so that a diff shows what changed and nothing else."""
    return json.dumps(values, indent=2, sort_keys=True)


def helm_provider(scope: Construct, *, names: Names, control_plane: ControlPlane) -> HelmProvider:
    """The provider for the environment's cluster, or for the laptop's."""
    on_laptop = names.environment.target == "laptop"
    return HelmProvider(
        scope,
        "helm",
        kubernetes=HelmProviderKubernetes(config_path=_LAPTOP_KUBECONFIG)
        if on_laptop
        else HelmProviderKubernetes(
            host=control_plane.endpoint,
            cluster_ca_certificate=Fn.base64decode(control_plane.certificate_authority),
            # A token per call, from the role that runs Terraform: none is written to state or plan, and none expires
            # in the middle of an apply.
            exec=HelmProviderKubernetesExec(
                api_version="client.authentication.k8s.io/v1",
                command="aws",
                args=["eks", "get-token", "--cluster-name", names.cluster, "--region", names.aws.region],
            ),
        ),
        # Whoever plans reads what Helm keeps of its releases, and may read no Secret.
        helm_driver=None if on_laptop else "configmap",
    )


class OwnChart(Construct):
    """A chart as part of the stack: a copy beside the Terraform, so that a plan and its chart travel together.

    `path` is relative to the stack's folder and ends in a hash of the chart's content; a changed template therefore
    shows in the plan.
    """

    def __init__(self, scope: Construct, id_: str, *, folder: Path) -> None:
        super().__init__(scope, id_)
        self.asset = TerraformAsset(self, "asset", path=str(folder), type=AssetType.DIRECTORY)
        # ./ tells Helm that this is a folder and not the name of a chart in a repository.
        self.path = f"./{self.asset.path}"
        chart = YAML(typ="safe", pure=True).load((folder / "Chart.yaml").read_text(encoding="utf-8"))
        self.version = str(chart["version"])
