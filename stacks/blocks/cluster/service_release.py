"""One of the environment's services on Kubernetes: a Helm release of charts/service."""

from __future__ import annotations

from typing import Any

from cdktf_cdktf_provider_helm.release import Release
from constructs import Construct

from stacks.blocks.cluster.helm_access import CHARTS, WHOLE_OR_NOT_AT_ALL, OwnChart, values_text
from stacks.blocks.cluster.service_secrets import secrets_values
from stacks.values.workloads import Egress, Workload

CHART = CHARTS / "service"
_SECONDS = 600
POD_IDENTITY = Egress(cidr="169.254.170.23/32", ports=[80])
"""The agent on the pod's own node that hands out credentials (EKS user guide, "EKS Pod Identity considerations")."""


class ServiceRelease(Construct):
    """A release called `name`, which waits until the pods are ready.

    `repository` is where the nodes pull the image from, without tag.
    """

    def __init__(
        self, scope: Construct, id_: str, *, name: str, values: Workload, repository: str, chart: OwnChart
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
            values=[values_text(chart_values(values, repository))],
            wait_for_jobs=True,
            timeout=_SECONDS,
            **WHOLE_OR_NOT_AT_ALL,
        )


def _rule(egress: Egress) -> dict[str, Any]:
    """The NetworkPolicyEgressRule of a value."""
    ports = [{"port": port, "protocol": "TCP"} for port in egress.ports]
    return {"to": [{"ipBlock": {"cidr": egress.cidr}}], "ports": ports}


def chart_values(values: Workload, repository: str) -> dict[str, Any]:
    """The chart's values for a workload of an environment; what is left out is the chart's default."""
    image: dict[str, str] = {"repository": repository, "tag": values.tag}
    if values.digest:
        image["digest"] = values.digest
    chosen: dict[str, Any] = {}
    if secrets := secrets_values(values):
        chosen["secrets"] = secrets
    if values.migrations:
        own = {"secrets": list(values.migration_secrets)} if values.migration_secrets else {}
        chosen["migrations"] = {"command": list(values.migrations), **own}
    if values.provision:
        chosen["provision"] = {"command": list(values.provision), "secrets": list(values.provision_secrets)}
    egress = [*values.egress, *([POD_IDENTITY] if values.parameters else [])]
    if egress:
        chosen["networkPolicy"] = {"egress": [_rule(each) for each in egress]}
    return {
        **chosen,
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
