"""The stack `data` of an environment, with the stacks that it reads."""

from __future__ import annotations

from typing import Any, Final

from constructs import Construct

from stacks.cluster import ClusterStack
from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.values import Environment

READER: Final[dict[str, Any]] = {
    "namespace": "users",
    "image": "ghcr.io/acme/users",
    "tag": "1.0.0",
    "parameters": True,
    "egress": [{"cidr": "10.0.0.0/16", "ports": [443, 1024]}],
}
"""A workload whose pods read parameters."""


def data_stack(scope: Construct, values: Environment) -> DataStack:
    network = NetworkStack(scope, values)
    return DataStack(scope, values, network=network, cluster=ClusterStack(scope, values, network=network))
