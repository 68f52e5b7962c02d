"""A MongoDB in the cluster: MongoDB's operator, and the three members that it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_helm.release import Release
from constructs import Construct

from stacks.blocks.cluster.helm_access import CHARTS, WHOLE_OR_NOT_AT_ALL, OwnChart, values_text
from stacks.blocks.cluster.image_cache import pulled_from
from stacks.values import Names
from stacks.values.data import MONGODB_NAMESPACE, MONGODB_OPERATOR_CHART, InClusterMongodb

MONGODB = CHARTS / "mongodb"
_SECONDS = 600


class MongodbReleases(Construct):
    """Two releases, the members' after the operator's, so that Terraform removes them the other way round.

    Helm installs the operator's kinds with its chart, never upgrades them, and leaves them when the chart goes. Volumes
    stay as well when the members go: no release owns them.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        values: InClusterMongodb,
        after: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, id_)
        operator = Release(
            self,
            "operator",
            name="mongodb-operator",
            namespace=MONGODB_NAMESPACE,
            create_namespace=True,
            chart=MONGODB_OPERATOR_CHART,
            version=values.operator_version,
            values=[values_text(operator_values(names))],
            timeout=_SECONDS,
            depends_on=list(after),
            **WHOLE_OR_NOT_AT_ALL,
        )
        chart = OwnChart(self, "chart", folder=MONGODB)
        self.members = Release(
            self,
            "members",
            name="mongodb",
            namespace=MONGODB_NAMESPACE,
            chart=chart.path,
            version=chart.version,
            values=[values_text(member_values(names, values))],
            timeout=_SECONDS,
            depends_on=[operator],
            **WHOLE_OR_NOT_AT_ALL,
        )


def operator_values(names: Names) -> dict[str, Any]:
    """Values of the chart `mongodb-kubernetes`; what is left out is its default, such as the versions of its images.

    The operator watches one kind in its own namespace, has no rights beyond that, and sends MongoDB nothing.
    """
    images = pulled_from("quay.io/mongodb/mongodb-kubernetes", names).rpartition("/")[0]
    return {
        "operator": {
            "watchedResources": ["mongodbcommunity"],
            "enableClusterMongoDBRoles": False,
            # values.yaml of 1.9.1: without the role it works, and logs that it cannot register the webhook.
            "webhook": {"installClusterRole": False},
            "telemetry": {"enabled": False},
        },
        "registry": {
            "operator": images,
            "versionUpgradeHook": images,
            "readinessProbe": images,
            "pullPolicy": "IfNotPresent",
        },
        "community": {"mongodb": {"repo": images}, "registry": {"agent": images}},
    }


def member_values(names: Names, values: InClusterMongodb) -> dict[str, Any]:
    """Values of charts/mongodb. No password is among them: the operator reads a Secret for each service."""
    environment = names.environment
    mongodb = environment.data.mongodb
    return {
        "version": values.version,
        "tlsSecret": values.certificate,
        "storageGib": values.storage_gib,
        "resources": {
            "requests": {"cpu": values.requests.cpu, "memory": values.requests.memory},
            "limits": {"memory": values.requests.memory},
        },
        "services": {
            name: {"namespace": environment.workloads[name].namespace} for name in (mongodb.services if mongodb else ())
        },
    }
