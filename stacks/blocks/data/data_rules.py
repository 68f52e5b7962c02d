"""Which values of databases and parameters cannot go together, and why."""

from __future__ import annotations

from stacks.blocks.data.service_parameters import role_name
from stacks.blocks.errors import IllegalComposition
from stacks.values import Environment, Names

_AGENT = "eks-pod-identity-agent"
_HTTPS = 443
_LONGEST_ROLE_NAME = 64  # IAM user guide, "IAM and AWS STS quotas"


def check(environment: Environment) -> None:
    """Raise IllegalComposition where a database would have no subnets, or a pod no way to its parameters."""
    existing = environment.network.existing
    data = environment.data
    if (data.postgres or data.documentdb) and existing and len(set(existing.database_subnet_ids)) < 2:
        raise IllegalComposition(
            "network.existing.database_subnet_ids",
            f"names {len(set(existing.database_subnet_ids))}, and a database needs subnets in two zones",
            "name two or more subnets without a route to the internet, or remove the section data",
        )
    for name in data.mongodb_readers:
        if name not in environment.parameter_readers:
            raise IllegalComposition(
                "data.mongodb.services",
                f"{name} is not a workload whose pods may read secrets",
                f"write workloads.{name} with parameters: true, or remove {name}",
            )
    for name in environment.parameter_readers:
        _check_reader(environment, name)


def _check_reader(environment: Environment, name: str) -> None:
    workload, cluster = environment.workloads[name], environment.cluster
    key = f"workloads.{name}.parameters"
    if cluster.nodes != "auto_mode" and _AGENT not in cluster.installed_addons:
        raise IllegalComposition(
            key, f"pods get their identity from {_AGENT}, which the cluster lacks", f"add {_AGENT} to cluster.addons"
        )
    # EKS user guide, "EKS Pod Identity considerations": pods on Fargate have none.
    if profiles := [
        each for each, profile in cluster.fargate_profiles.items() if profile.namespace == workload.namespace
    ]:
        raise IllegalComposition(
            key,
            f"its namespace is that of the Fargate profile {profiles[0]}, and pods on Fargate get no identity",
            "use another namespace, whose pods run on nodes",
        )
    if not any(_HTTPS in each.ports for each in workload.egress):
        raise IllegalComposition(
            key,
            f"its pods may connect to no address on port {_HTTPS}: they reach neither SSM nor Secrets Manager",
            f"add addresses to workloads.{name}.egress, for example the VPC's range where it has endpoints for both",
        )
    if len(role := Names(environment).of(role_name(name))) > _LONGEST_ROLE_NAME:
        raise IllegalComposition(
            key, f"the role {role} has {len(role)} characters, IAM takes {_LONGEST_ROLE_NAME}", "shorten the name"
        )
