"""One of the environment's services on Kubernetes: a Helm release of charts/service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cdktf import AssetType, TerraformAsset
from cdktf_cdktf_provider_helm.release import Release
from constructs import Construct
from ruamel.yaml import YAML

from stacks.values.workloads import Workload

CHART = Path(__file__).parents[3] / "charts" / "service"
_SECONDS = 600


class ServiceChart(Construct):
    """The chart as part of the stack: a copy beside the Terraform, so that a plan and its chart travel together.

    `path` is relative to the stack's folder and ends in a hash of the chart's content; a changed template therefore
    shows in the plan.
    """

    def __init__(self, scope: Construct, id_: str, *, folder: Path = CHART) -> None:
        super().__init__(scope, id_)
        self.asset = TerraformAsset(self, "asset", path=str(folder), type=AssetType.DIRECTORY)
        # ./ tells Helm that this is a folder and not the name of a chart in a repository.
        self.path = f"./{self.asset.path}"
        chart = YAML(typ="safe", pure=True).load((folder / "Chart.yaml").read_text(encoding="utf-8"))
        self.version = str(chart["version"])


class ServiceRelease(Construct):
    """A release called `name`: installed or upgraded whole, or rolled back; waits until the pods are ready.

    `repository` is where the nodes pull the image from, without tag.
    """

    def __init__(
        self, scope: Construct, id_: str, *, name: str, values: Workload, repository: str, chart: ServiceChart
    ) -> None:
        super().__init__(scope, id_)
        self.release = Release(
            self,
            "release",
            name=name,
            namespace=values.namespace,
            create_namespace=True,
            chart=chart.path,
            version=chart.version,
            # Sorted, so that a diff shows what changed and nothing else.
            values=[json.dumps(chart_values(values, repository), indent=2, sort_keys=True)],
            atomic=True,
            cleanup_on_fail=True,
            wait=True,
            wait_for_jobs=True,
            lint=True,
            timeout=_SECONDS,
            max_history=10,
            # What somebody set by hand with --set must not survive the next release.
            reset_values=True,
        )


def chart_values(values: Workload, repository: str) -> dict[str, Any]:
    """The chart's values for a workload of an environment; what is left out is the chart's default."""
    image: dict[str, str] = {"repository": repository, "tag": values.tag}
    if values.digest:
        image["digest"] = values.digest
    return {
        "image": image,
        "port": values.port,
        "replicas": {"min": values.min_replicas, "max": values.max_replicas},
        "resources": {
            "requests": {"cpu": values.requests.cpu, "memory": values.requests.memory},
            "limits": {"memory": values.limits_memory},
        },
        "probes": {"livePath": values.liveness_path, "readyPath": values.readiness_path},
        "environment": dict(values.environment),
    }
